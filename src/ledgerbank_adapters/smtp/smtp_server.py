"""Where a mail server is, and how it is spoken to."""

import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

# https://www.rfc-editor.org/rfc/rfc8314#section-3.3
DEFAULT_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """``implicit_tls``: TLS from the first byte on, as ``smtps`` asks for; otherwise by STARTTLS.

    ``password`` is None exactly when ``username`` is.
    """

    host: str
    port: int
    implicit_tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """``smtp://user:password@host:port`` or ``smtps://...``, user and password percent-encoded.

        The port is 587 or 465 unless it is given; user and password may both be left out. Raises ValueError.
        """
        if re.fullmatch(r"[^\s]+", url) is None:
            raise ValueError("white space")
        parts = urlsplit(url)
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.port == 0:
            raise ValueError("not a mail server")
        if parts.path not in ("", "/") or "?" in url or "#" in url:
            raise ValueError("more than a server")
        if bool(parts.username) != bool(parts.password):
            raise ValueError("half a login")
        return cls(
            host=parts.hostname,
            port=parts.port or DEFAULT_PORTS[parts.scheme],
            implicit_tls=parts.scheme == "smtps",
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )
