"""Networks that a key may be used from."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.refusals import refused

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.network_rules import MAX_NETWORKS, is_within, parse_networks


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([], ()),
        (["203.0.113.0/24"], ("203.0.113.0/24",)),
        ([" 203.0.113.7 "], ("203.0.113.7/32",)),
        (["2001:DB8::/32"], ("2001:db8::/32",)),
        (["2001:db8:0:0::1"], ("2001:db8::1/128",)),
        (["10.0.0.0/255.0.0.0"], ("10.0.0.0/8",)),
        (["::/0", "0.0.0.0/0", "::/0"], ("0.0.0.0/0", "::/0")),
    ],
)
def test_networks_are_kept_once_and_in_their_shortest_form(given: list[str], kept: tuple[str, ...]) -> None:
    assert parse_networks(given) == kept


@pytest.mark.parametrize(
    "network",
    [
        "",
        "everywhere",
        "203.0.113.7/24",
        "203.0.113.0/33",
        "203.0.113.256",
        "203.0.113",
        "010.0.0.0/8",
        "2001:db8::1/32",
        "fe80::1%eth0",
        "::ffff:203.0.113.7",
        "203.0.113.0/24,198.51.100.0/24",
        "203.0.113.0 / 24",
        "1" * 500,
        3405803783,
        None,
        True,
        ["203.0.113.0/24"],
    ],
)
def test_what_is_no_block_of_addresses_is_refused(network: Any) -> None:
    assert refused(lambda: parse_networks([network])) == "invalid_field_format"


@pytest.mark.parametrize(
    "networks", ["203.0.113.0/24", None, {"a": 1}, ["10.0.0.0/8"] * (MAX_NETWORKS + 1), 7]
)
def test_networks_come_in_a_list_that_ends(networks: Any) -> None:
    assert refused(lambda: parse_networks(networks)) == "invalid_field_format"


@given(st.lists(st.one_of(st.text(), st.integers(), st.ip_addresses().map(str)), max_size=3))
def test_whatever_is_given_is_read_or_refused(networks: list[Any]) -> None:
    try:
        kept = parse_networks(networks)
    except DomainError:
        # Of any other exception this test ends.
        return
    assert parse_networks(kept) == kept


@pytest.mark.parametrize(
    ("ip", "networks", "within"),
    [
        ("203.0.113.7", [], True),
        (None, [], True),
        ("203.0.113.7", ["203.0.113.0/24"], True),
        ("203.0.114.0", ["203.0.113.0/24"], False),
        ("::ffff:203.0.113.7", ["203.0.113.0/24"], True),
        ("203.0.113.7", ["::/0"], False),
        ("2001:db8::1", ["2001:db8::/32"], True),
        ("2001:db9::1", ["2001:db8::/32"], False),
        ("2001:db8::1", ["0.0.0.0/0"], False),
        (None, ["0.0.0.0/0", "::/0"], False),
        ("a socket", ["0.0.0.0/0", "::/0"], False),
        ("", ["0.0.0.0/0"], False),
    ],
)
def test_an_address_is_in_a_network_or_not(ip: str | None, networks: list[str], *, within: bool) -> None:
    assert is_within(ip, networks) is within
