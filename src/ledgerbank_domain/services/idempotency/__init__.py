"""Doing once what a client asks for several times under one idempotency key."""
