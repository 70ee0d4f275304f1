"""What of an address is counted."""

import pytest

from ledgerbank_domain.identity.client_network import client_network


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("a socket", "a socket"),
        (None, None),
    ],
)
def test_of_ipv6_a_whole_network_counts_as_one(ip: str | None, network: str | None) -> None:
    assert client_network(ip) == network
