"""The settings that a product in production cannot do without, with secrets of this run."""

import secrets
from base64 import b64encode


def production_settings(database_url: str) -> dict[str, str]:
    """Real ones, but for TLS, which a database on loopback does without."""
    return {
        "APP_ENV": "production",
        "DATABASE_URL": database_url,
        "PUBLIC_BASE_URL": "https://bank.example.com",
        "JWT_SECRET": secrets.token_urlsafe(64),
        "WEBHOOK_SECRET": secrets.token_urlsafe(64),
        "TOKEN_ENCRYPTION_KEYS": b64encode(secrets.token_bytes(32)).decode(),
        # The least that production allows: hashing is slow on purpose.
        "ARGON2_TIME_COST": "2",
        "ARGON2_MEMORY_KIB": "19456",
        "ARGON2_PARALLELISM": "1",
    }
