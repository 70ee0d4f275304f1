"""Fetching what a bank shows and booking it."""
