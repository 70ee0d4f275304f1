"""What is remembered of who did what, and how secrets are kept out of it, as pure values and rules."""
