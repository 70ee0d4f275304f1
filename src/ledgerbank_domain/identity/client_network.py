"""The network of a client: of an address the least that one client can hardly have several of."""

from ipaddress import IPv6Address, IPv6Network, ip_address

_HOST_BITS = 64


def client_network(ip: str | None) -> str | None:
    """The address, of IPv6 its /64: whoever has one address there has all of them. None stays None.

    What is no address, a socket's name for one, counts as it is.
    """
    if ip is None:
        return None
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address) >> _HOST_BITS << _HOST_BITS, 128 - _HOST_BITS)))
