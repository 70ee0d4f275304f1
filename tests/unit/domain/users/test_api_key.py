"""Keys of programs: how they are written, what they may say, and when one is taken."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.refusals import refused

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.users.api_key import (
    LONGEST_LIFE,
    ApiKey,
    NewApiKey,
    ShownApiKey,
    api_key_text,
    is_api_key,
    read_api_key,
    secret_hash_of,
)

KEY_ID = UUID("01890000-0000-7000-8000-0000000000aa")
SECRET = "aB3_" + "x-" * 19 + "z"
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def a_key(**fields: Any) -> ApiKey:
    return ApiKey(
        **{
            "id": KEY_ID,
            "user_id": KEY_ID,
            "name": "Bookkeeping",
            "scopes": frozenset({Scope.ACCOUNTS_READ}),
            "secret_hash": secret_hash_of(SECRET),
            "expires_at": NOW + timedelta(days=1),
            "inserted_at": NOW,
            "updated_at": NOW,
            **fields,
        }
    )


def new_key(**fields: Any) -> NewApiKey:
    return NewApiKey(**{"name": "Bookkeeping", "scopes": [Scope.ACCOUNTS_READ], **fields})


def test_a_key_is_written_with_its_id_and_its_secret_and_read_as_it_was_written() -> None:
    text = api_key_text(KEY_ID, SECRET)

    assert text == f"lb_018900000000700080000000000000aa_{SECRET}"
    assert is_api_key(text)
    assert read_api_key(text) == ShownApiKey(id=KEY_ID, secret_hash=secret_hash_of(SECRET))
    assert SECRET not in repr(read_api_key(text))
    assert a_key().secret_hash not in repr(a_key())


@pytest.mark.parametrize(
    "text",
    [
        "lb_",
        "lb__",
        f"lb_{KEY_ID.hex}",
        f"lb_{KEY_ID.hex}_",
        f"lb_{KEY_ID.hex}_{SECRET}x",
        f"lb_{KEY_ID.hex}_{SECRET[:-1]}",
        f"lb_{KEY_ID.hex}_{SECRET[:-1]}=",
        f"lb_{KEY_ID.hex}_{SECRET}\n",
        f"lb_{KEY_ID.hex.upper()}_{SECRET}",
        f"lb_{KEY_ID}_{SECRET}",
        f"lb_{KEY_ID.hex[:-1]}_{SECRET}",
        "lb_" + "\u0661" * 32 + f"_{SECRET}",
        f"lb_{KEY_ID.hex}_" + "\u00e4" * 43,
        f"LB_{KEY_ID.hex}_{SECRET}",
        "lb_\ud800",
    ],
)
def test_what_is_not_written_like_a_key_is_none(text: str) -> None:
    assert refused(lambda: read_api_key(text)) == "invalid_token"


@given(st.text().map(lambda rest: "lb_" + rest))
def test_whatever_follows_is_read_or_refused(text: str) -> None:
    with suppress(DomainError):
        assert api_key_text(read_api_key(text).id, text[-43:]) == text


def test_only_its_own_secret_proves_a_key() -> None:
    assert a_key().proves(read_api_key(api_key_text(KEY_ID, SECRET)))
    assert not a_key().proves(read_api_key(api_key_text(KEY_ID, SECRET[:-1] + "y")))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"expires_at": NOW}, Reason.TOKEN_EXPIRED),
        ({"expires_at": NOW + timedelta(microseconds=1)}, None),
        ({"revoked_at": NOW}, Reason.TOKEN_REVOKED),
        ({"revoked_at": NOW, "expires_at": NOW}, Reason.TOKEN_REVOKED),
        ({"allowed_networks": ("203.0.113.0/24",)}, None),
        ({"allowed_networks": ("198.51.100.0/24",)}, Reason.INVALID_TOKEN),
        ({"allowed_networks": ("198.51.100.0/24", "203.0.113.7/32")}, None),
        # From elsewhere nobody learns that it has ended.
        ({"allowed_networks": ("198.51.100.0/24",), "revoked_at": NOW}, Reason.INVALID_TOKEN),
        ({"allowed_networks": ("198.51.100.0/24",), "expires_at": NOW}, Reason.INVALID_TOKEN),
    ],
)
def test_a_key_is_taken_until_its_end_and_from_its_networks(
    fields: dict[str, Any], reason: Reason | None
) -> None:
    assert a_key(**fields).refusal(ip="203.0.113.7", at=NOW) is reason


def test_a_key_for_some_networks_is_not_taken_from_an_unknown_address() -> None:
    assert a_key(allowed_networks=("0.0.0.0/0", "::/0")).refusal(ip=None, at=NOW) is Reason.INVALID_TOKEN
    assert a_key().refusal(ip=None, at=NOW) is None


@pytest.mark.parametrize(
    "scopes", [[], None, "accounts:read", ["accounts:read"], [Scope.BANKS_READ, None], 7]
)
def test_a_key_has_one_scope_or_more_and_no_other_than_there_are(scopes: Any) -> None:
    assert refused(lambda: new_key(scopes=scopes)) == "invalid_scope"


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, None, 7, "a\x00b"])
def test_a_key_has_a_name(name: Any) -> None:
    assert refused(lambda: new_key(name=name)) == "invalid_name_format"


@pytest.mark.parametrize(
    ("end", "lives_until"),
    [
        (None, NOW + LONGEST_LIFE),
        (NOW + LONGEST_LIFE, NOW + LONGEST_LIFE),
        (NOW + timedelta(microseconds=1), NOW + timedelta(microseconds=1)),
    ],
)
def test_a_key_lives_for_a_year_at_most(end: datetime | None, lives_until: datetime) -> None:
    assert new_key(expires_at=end).end(at=NOW) == lives_until


@pytest.mark.parametrize(
    "end", [NOW, NOW - timedelta(days=1), NOW + LONGEST_LIFE + timedelta(microseconds=1)]
)
def test_an_end_that_is_past_or_too_far_away_is_refused(end: datetime) -> None:
    assert refused(lambda: new_key(expires_at=end).end(at=NOW)) == "invalid_datetime_format"


@pytest.mark.parametrize("end", [datetime(2026, 2, 1), "2026-02-01T00:00:00Z", 5])  # noqa: DTZ001 - so it is
def test_an_end_is_a_moment_in_some_zone(end: Any) -> None:
    assert refused(lambda: new_key(expires_at=end)) == "invalid_datetime_format"


def test_a_use_is_noted_once_a_minute() -> None:
    assert a_key().wants_use_noted(at=NOW)
    used = a_key(last_used_at=NOW)
    assert not used.wants_use_noted(at=NOW + timedelta(seconds=59))
    assert used.wants_use_noted(at=NOW + timedelta(seconds=60))
