"""Passwords, tokens and pseudonyms by Argon2, JWT and HMAC."""
