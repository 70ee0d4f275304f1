"""Connecting a customer to a bank, and what a bank tells by itself."""
