"""Whose address counts behind proxies."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_adapters.http.exchange.client_address import client_ip

PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.9.9.9,2001:db8::5", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1, rubbish", "10.0.0.1"),
        ("10.0.0.1", "rubbish, 10.0.0.2", "10.0.0.2"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:DB8::1", "2001:0:0::9", "2001::9"),
        ("fe80::1%eth0", "", "fe80::1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1:80, 10.0.0.2:443", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"),
        ("10.0.0.1", "[2001:db8::5]", "2001:db8::5"),
        ("10.0.0.1", "[::ffff:198.51.100.1]:1", "198.51.100.1"),
        ("10.0.0.1", "2001:db8::5:4711", "2001:db8::5:4711"),
        ("10.0.0.1", "198.51.100.1:", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:port", "10.0.0.1"),
        ("10.0.0.1", "[2001:db8::5", "10.0.0.1"),
        ("testclient", "198.51.100.1", None),
        (None, "198.51.100.1", None),
    ],
)
def test_it_is_the_rightmost_that_is_no_trusted_proxy(
    peer: str | None, forwarded_for: str, client: str | None
) -> None:
    assert client_ip(peer, forwarded_for, PROXIES) == client


@given(st.text(), st.text())
def test_no_header_is_too_odd_to_be_read(peer: str, forwarded_for: str) -> None:
    client_ip(peer, forwarded_for, PROXIES)
    assert client_ip("10.0.0.1", forwarded_for, PROXIES)
