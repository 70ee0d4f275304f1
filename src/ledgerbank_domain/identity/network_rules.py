"""Networks that somebody may come from: blocks of addresses as CIDR writes them."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

MAX_NETWORKS = 20
_MAX_TEXT_LENGTH = 64


def parse_networks(value: object) -> tuple[str, ...]:
    """Blocks of IPv4 or IPv6 addresses, each once and in order; an address alone is a block of one.

    A block that has bits of an address beyond its length is refused: who wrote it may have meant either.
    Raises ``invalid_field_format``.
    """
    if not isinstance(value, list | tuple | frozenset | set) or len(value) > MAX_NETWORKS:
        raise _refusal(f"Up to {MAX_NETWORKS} networks, in a list.")
    return tuple(sorted({_parse_network(item) for item in value}))


def is_within(ip: str | None, networks: Sequence[str]) -> bool:
    """Whether the address is in one of the networks; of none everybody is. What is no address is nowhere."""
    if not networks:
        return True
    try:
        address = ip_address(ip or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in ip_network(network) for network in networks)


def _parse_network(value: object) -> str:
    # A number is an address to the library, and a zone names a wire of one machine.
    if not isinstance(value, str) or len(value) > _MAX_TEXT_LENGTH or "%" in value:
        raise _refusal()
    try:
        network = ip_network(value.strip())
    except ValueError:
        raise _refusal() from None
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is not None:
        # Clients of such addresses are known by the IPv4 address in it, which is how it is to be written.
        raise _refusal("An IPv4 network is written as one.")
    return str(network)


def _refusal(message: str = "A network is written like 203.0.113.0/24 or 2001:db8::/32.") -> DomainError:
    return DomainError(Reason.INVALID_FIELD_FORMAT, message=message)
