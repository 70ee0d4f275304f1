"""The catalogue of banks, access to them, and when their accounts are to be synced."""
