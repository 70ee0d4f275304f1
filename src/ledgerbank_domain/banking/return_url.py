"""Return addresses: where a browser goes when a visit to a bank is over."""

import re
from dataclasses import dataclass
from ipaddress import ip_address

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

MAX_RETURN_URL_LENGTH = 2048
# Narrower than RFC 3986, so that nobody reads it otherwise than somebody else: no user before the host, no
# encoded one, no fragment, no backslash, no control, nothing but ASCII.
_ADDRESS = re.compile(
    r"https?://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?:/[A-Za-z0-9._~:@!$&'()*+,;=%/-]*)?(?:\?[A-Za-z0-9._~:@!$&'()*+,;=%/?-]*)?",
    re.ASCII,
)
_MAX_PORT = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnUrls:
    """Where browsers may be sent: ``allowed`` letter by letter, and with ``any_on_loopback`` to this machine.

    The latter is for development: who has a server there is whoever sits at the browser.
    """

    allowed: frozenset[str] = frozenset()
    any_on_loopback: bool = False

    def allow(self, url: str) -> bool:
        """Whether a browser may be sent there. Anything may be asked."""
        return url in self.allowed or (self.any_on_loopback and _is_on_loopback(url))


def parse_return_url(value: object) -> str:
    """An address of http or https: a host by name or number, no user, no fragment, nothing to misread.

    Raises ``invalid_field_format``.
    """
    if not isinstance(value, str) or _host(value) is None:
        raise DomainError(Reason.INVALID_FIELD_FORMAT)
    return value


def _host(url: str) -> str | None:
    """None for what is no such address."""
    found = _ADDRESS.fullmatch(url) if len(url) <= MAX_RETURN_URL_LENGTH else None
    if found is None or int(found["port"] or 0) > _MAX_PORT:
        return None
    return found["host"].lower()


def _is_on_loopback(url: str) -> bool:
    host = _host(url)
    if host is None or host == "localhost":
        return host is not None
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    # Not IPv4 in the clothes of IPv6: whether that is loopback is a question of the reader.
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None
