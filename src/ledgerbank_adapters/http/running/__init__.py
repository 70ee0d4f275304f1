"""Endpoints about the running server: health, metrics, documentation, development's mailbox."""
