"""Accounts: opening, changing and closing them, and what they hold."""
