"""What banks and branches may be called and where they may be found."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.scenes.domain_samples import NOW, actor

from ledgerbank_domain.banking.bank import (
    Bank,
    BankChanges,
    BankStatus,
    parse_bank_code,
    parse_bank_name,
    parse_bic,
    parse_country,
    parse_iban,
    parse_integration_module,
    parse_routing_number,
    parse_web_address,
)
from ledgerbank_domain.banking.bank_policy import may_write_banks
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import ANONYMOUS, SYSTEM, Role

PARSERS: list[Callable[[object], str]] = [
    parse_bank_name,
    parse_country,
    parse_bank_code,
    parse_web_address,
    parse_integration_module,
    parse_iban,
    parse_routing_number,
    parse_bic,
]


@pytest.mark.parametrize(
    ("parse", "text", "result"),
    [
        (parse_bank_name, " Test & Sons (Bank), Ltd. - 24 ", "Test & Sons (Bank), Ltd. - 24"),
        (parse_bank_name, "Z\u00fcrcher \u9280\u884c", "Z\u00fcrcher \u9280\u884c"),
        (parse_bank_name, "AB", "AB"),
        (parse_bank_name, "People's Bank", "People's Bank"),
        (parse_bank_name, "People\u2019s Bank", "People\u2019s Bank"),
        (parse_bank_name, "Nord\u2013S\u00fcd / A+B", "Nord\u2013S\u00fcd / A+B"),
        (
            parse_bank_name,
            "\u092d\u093e\u0930\u0924\u0940\u092f \u0938\u094d\u091f\u0947\u091f \u092c\u0948\u0902\u0915",
            "\u092d\u093e\u0930\u0924\u0940\u092f \u0938\u094d\u091f\u0947\u091f \u092c\u0948\u0902\u0915",
        ),
        (
            parse_bank_name,
            "\u0e18\u0e19\u0e32\u0e04\u0e32\u0e23\u0e01\u0e23\u0e38\u0e07\u0e44\u0e17\u0e22",
            "\u0e18\u0e19\u0e32\u0e04\u0e32\u0e23\u0e01\u0e23\u0e38\u0e07\u0e44\u0e17\u0e22",
        ),
        (parse_bank_name, "\u0bb5\u0b99\u0bcd\u0b95\u0bbf", "\u0bb5\u0b99\u0bcd\u0b95\u0bbf"),
        (parse_bank_name, "Cre\u0301dit \u2162", "Cre\u0301dit \u2162"),
        (parse_bank_name, "x" * 100, "x" * 100),
        (parse_country, " gb ", "GB"),
        (parse_country, "UsA", "USA"),
        (parse_bank_code, " A_1 ", "A_1"),
        (parse_bank_code, "9" * 32, "9" * 32),
        (parse_web_address, "http://localhost", "http://localhost"),
        (parse_web_address, "HTTPS://LocalHost:65535/x", "HTTPS://LocalHost:65535/x"),
        (parse_web_address, "https://a.b-c.example?q=1#:99999", "https://a.b-c.example?q=1#:99999"),
        (parse_web_address, "http://192.0.2.1:8080", "http://192.0.2.1:8080"),
        (parse_integration_module, " monzo ", "monzo"),
        (parse_iban, "us1234567890", "US1234567890"),
        (parse_iban, " gb29 NWBK 6016 1331\u00a09268 19 ", "GB29NWBK60161331926819"),
        (parse_routing_number, "111 000 025", "111000025"),
        (parse_bic, "demo us 33 xxx", "DEMOUS33XXX"),
        (parse_iban, "GB12" + "A" * 30, "GB12" + "A" * 30),
        (parse_routing_number, "111000025", "111000025"),
        (parse_bic, "demous33", "DEMOUS33"),
        (parse_bic, "DEMOUS33XXX", "DEMOUS33XXX"),
    ],
)
def test_what_has_the_shape_is_taken_in_its_one_spelling(
    parse: Callable[[object], str], text: str, result: str
) -> None:
    assert parse(text) == result


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_bank_name, "x"),
        (parse_bank_name, "x" * 101),
        (parse_bank_name, "A_B"),
        (parse_bank_name, "A\u200dB"),
        (parse_bank_name, "A\u2014B"),
        (parse_bank_name, "A\u2032B"),
        (parse_bank_name, "A\U0001f3e6B"),
        (parse_bank_name, "A\u202eB"),
        (parse_bank_name, "A<B>"),
        (parse_bank_name, "A\nB"),
        (parse_bank_name, "A\u00a0B"),
        (parse_country, "\u017f\u017f"),
        (parse_country, "GBRX"),
        (parse_bank_code, "abc"),
        (parse_bank_code, "AB"),
        (parse_bank_code, "A" * 33),
        (parse_bank_code, "A\u0661B"),
        (parse_web_address, "http://bank"),
        (parse_web_address, "http://.example"),
        (parse_web_address, "http://bank..example"),
        (parse_web_address, "http://-bank.example"),
        (parse_web_address, "http://me@bank.example"),
        (parse_web_address, "http://bank.example:"),
        (parse_web_address, "http://bank.example:0"),
        (parse_web_address, "http://bank.example:65536"),
        (parse_web_address, "http://bank.example/\u00e9"),
        (parse_web_address, "http://bank.example\\@evil.example"),
        (parse_web_address, "//bank.example"),
        (parse_web_address, "http://bank.example/" + "x" * 2048),
        (parse_integration_module, "x" * 65),
        (parse_iban, "GB12"),
        (parse_iban, "GB-12 X"),
        (parse_routing_number, "111-000-025"),
        (parse_iban, "GB12" + "A" * 31),
        (parse_routing_number, "12345678"),
        (parse_bic, "DEMOUS33X"),
        (parse_bic, "DEMO1233"),
    ],
)
def test_what_has_not_the_shape_is_refused(parse: Callable[[object], str], text: str) -> None:
    with pytest.raises(DomainError) as refusal:
        parse(text)
    expected = "invalid_name_format" if parse is parse_bank_name else "invalid_field_format"
    assert refusal.value.reason.code == expected


@given(st.text(st.characters(), max_size=40) | st.none() | st.integers() | st.lists(st.text(), max_size=2))
def test_whatever_is_taken_can_be_stored(value: object) -> None:
    for parse in PARSERS:
        try:
            text = parse(value)
        except DomainError:
            continue
        assert re.search("[\x00\ud800-\udfff]", text) is None
        assert parse(text) == text


def a_bank() -> Bank:
    return Bank(
        id=UUID(int=1),
        name="Bank",
        country="GB",
        code="BANK",
        logo_url="http://localhost",
        integration_module="monzo",
        inserted_at=NOW,
        updated_at=NOW,
    )


def test_a_change_touches_what_it_names_and_clears_what_it_is_told_to() -> None:
    changes = BankChanges(status=BankStatus.INACTIVE, cleared=frozenset({"logo_url"}))
    changed = a_bank().with_changes(changes, at=NOW)
    assert (changed.status, changed.logo_url) == (BankStatus.INACTIVE, None)
    assert (changed.name, changed.integration_module) == ("Bank", "monzo")
    assert BankChanges().is_empty
    assert not changes.is_empty
    assert not BankChanges(cleared=frozenset({"logo_url"})).is_empty


def test_what_every_bank_has_cannot_be_cleared() -> None:
    with pytest.raises(DomainError, match="invalid_field_format"):
        BankChanges(cleared=frozenset({"name"}))


def test_only_administrators_and_the_system_write_the_catalogue() -> None:
    assert may_write_banks(actor(Role.ADMIN))
    assert may_write_banks(SYSTEM)
    assert not any(map(may_write_banks, (actor(Role.USER), actor(Role.SUPPORT), ANONYMOUS)))
