"""Endpoints about banks, bank logins, callbacks and webhooks."""
