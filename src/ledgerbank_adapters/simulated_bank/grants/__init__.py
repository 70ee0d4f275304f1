"""Tokens and consents that the simulated bank gives and takes back."""
