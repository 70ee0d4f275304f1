"""How much of a request may come before its body, and what must be in it for its meaning to be one."""

import re
from collections.abc import Sequence

from attrs import define

from ledgerbank_adapters.http.exchange.protocol_refusal import headers_too_large, malformed_request
from ledgerbank_domain.errors.domain_error import DomainError

MAX_HEAD_BYTES = 65_536
MAX_HEADERS = 100

# What the request line has beside method and target: two blanks, the version and a line break.
_REQUEST_LINE_OVERHEAD = len(b"  HTTP/1.1\r\n")
# Whether blanks follow the colon the parser does not tell.
_HEADER_OVERHEAD = len(b":\r\n")
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@define
class RequestHead:
    """Counts one request's head while it comes.

    ``arrived_bytes`` is what came so far of a head that is not complete, whether or not the parser has told
    of it: a single header may be endless. ``counted_bytes`` is what the parser has told of, blanks around
    values left out: it counts for a head that begins in the middle of what came.
    """

    arrived_bytes: int = 0
    counted_bytes: int = _REQUEST_LINE_OVERHEAD
    headers: int = 0
    has_begun: bool = False

    @property
    def room(self) -> int:
        """How many bytes more it may have: with the last of them it must be complete. Never less than one."""
        return max(MAX_HEAD_BYTES - self.arrived_bytes, 1)

    def arrived(self, number: int) -> None:
        """So much came, and it is not complete: one byte more at least is still to come.

        Raises ``headers_too_large``.
        """
        self.has_begun = True
        self.arrived_bytes += number
        _check_size(self.arrived_bytes + 1)

    def has_target(self, fragment: bytes) -> None:
        """Raises ``headers_too_large``."""
        self.counted_bytes += len(fragment)
        _check_size(self.counted_bytes)

    def has_header(self, name: bytes, value: bytes) -> None:
        """Raises ``headers_too_large``."""
        self.headers += 1
        self.counted_bytes += len(name) + len(value) + _HEADER_OVERHEAD
        if self.headers > MAX_HEADERS:
            raise headers_too_large(f"A request has at most {MAX_HEADERS} headers.")
        _check_size(self.counted_bytes)


def check_host(headers: Sequence[tuple[bytes, bytes]], *, http_version: str) -> None:
    """Exactly one ``Host``, of a form that has one meaning: RFC 9112 §3.2. HTTP/1.0 may have none.

    Raises ``invalid_field_format``. https://www.rfc-editor.org/rfc/rfc9112#section-3.2
    """
    hosts = [value for name, value in headers if name == b"host"]
    if not hosts and http_version == "1.0":
        return
    if len(hosts) != 1:
        raise _wrong_host("A request has exactly one Host header.")
    if not _HOST.fullmatch(hosts[0].strip(b" \t")):
        raise _wrong_host("The Host header is a host name or an IP address, with a port or without.")


def check_framing(headers: Sequence[tuple[bytes, bytes]], *, http_version: str) -> None:
    """A version that is spoken here, and no coding of the body but chunks: RFC 9112 §2.3 and §6.1.

    Raises ``invalid_field_format``.
    """
    if http_version not in ("1.0", "1.1"):
        raise malformed_request("HTTP/1.1 and HTTP/1.0 are spoken here.")
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    if codings and [coding.strip(b" \t").lower() for coding in codings] != [b"chunked"]:
        raise malformed_request(
            "A body comes as it is or in chunks, in no other coding.", field="Transfer-Encoding"
        )


def _wrong_host(message: str) -> DomainError:
    return malformed_request(message, field="Host")


def _check_size(size: int) -> None:
    if size > MAX_HEAD_BYTES:
        raise headers_too_large(f"Request line and headers have at most {MAX_HEAD_BYTES} bytes together.")
