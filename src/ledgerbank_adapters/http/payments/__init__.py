"""Endpoints about payments."""
