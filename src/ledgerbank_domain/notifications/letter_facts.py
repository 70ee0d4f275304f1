"""Facts of letters in words."""

from datetime import UTC, datetime


def instant(text: str) -> str:
    """An ISO instant as people read it, in UTC. Raises ``ValueError`` for what is not one."""
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
