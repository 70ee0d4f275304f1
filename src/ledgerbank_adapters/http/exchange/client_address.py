"""Trusted proxies: whose address a request counts as coming from."""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

# Some proxies write the port as well: "192.0.2.1:4711", "[2001:db8::1]:4711". Brackets may come without one.
_WITH_PORT = re.compile(
    r"(?:(?P<ipv4>[0-9.]+):[0-9]{1,5}|\[(?P<ipv6>[0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?)", re.ASCII
)


def client_ip(peer: str | None, forwarded_for: str, trusted_proxies: Collection[IpNetwork]) -> str | None:
    """The peer, or whom trusted proxies say they act for; None when the peer is no IP address.

    ``forwarded_for`` is the ``X-Forwarded-For`` header: anybody can write into its left part, so it is read
    from the right, and only as far as it was written by proxies we trust.
    """
    client = _parsed(peer or "")
    if client is None:
        return None
    for hop in reversed(forwarded_for.split(",")):
        if not _is_trusted(client, trusted_proxies):
            break
        behind = _parsed(_without_port(hop.strip()))
        if behind is None:
            break
        client = behind
    return str(client)


def _is_trusted(address: IpAddress, trusted_proxies: Collection[IpNetwork]) -> bool:
    return any(address in network for network in trusted_proxies)


def _without_port(hop: str) -> str:
    found = _WITH_PORT.fullmatch(hop)
    return hop if found is None else found["ipv4"] or found["ipv6"]


def _parsed(text: str) -> IpAddress | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # An IPv4 peer of a socket that listens on IPv6; and a zone names an interface of ours, not a client.
        return address.ipv4_mapped or IPv6Address(address.packed)
    return address
