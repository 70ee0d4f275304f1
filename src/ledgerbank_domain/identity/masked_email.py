"""Masked e-mails: enough for their owner to know one, and for anybody else to see that it is not theirs."""

_HIDDEN = "•••"
_SHOWN = 2
_LONG_ENOUGH = 6


def masked_email(email: str) -> str:
    """``al•••n@example.com``; of a short name its first letter alone. The domain is shown.

    It hides how long the name is.
    """
    name, at, domain = email.rpartition("@")
    shown = f"{name[:_SHOWN]}{_HIDDEN}{name[-1]}" if len(name) >= _LONG_ENOUGH else f"{name[:1]}{_HIDDEN}"
    return f"{shown}{at}{domain}"
