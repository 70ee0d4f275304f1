"""Endpoints about users and their sessions."""
