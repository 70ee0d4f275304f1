"""Endpoints about accounts and their transactions."""
