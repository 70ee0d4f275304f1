"""A bank's tokens at rest are of use to the one login and column they were sealed for."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from ledgerbank_adapters.memory.tools.memory_secret_box import MemorySecretBox
from ledgerbank_domain.banking.bank_login import BankLogin, SealedTokens
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import BankTokens
from ledgerbank_domain.services.banks.bank_token_sealer import BankTokenSealer

NOW = datetime(2025, 1, 15, tzinfo=UTC)
SEALER = BankTokenSealer(secret_box=MemorySecretBox())
LOGIN = BankLogin(
    id=UUID(int=1),
    user_id=UUID(int=2),
    bank_branch_id=UUID(int=3),
    username="robin",
    inserted_at=NOW,
    updated_at=NOW,
)
TOKENS = BankTokens(access_token="an access token", refresh_token="a refresh token", expires_at=NOW)


def sealed(tokens: BankTokens = TOKENS) -> SealedTokens:
    return SEALER.seal(tokens, login_id=LOGIN.id)


def test_tokens_come_out_as_they_went_in() -> None:
    opened = SEALER.open(replace(LOGIN, tokens=sealed()))

    assert (opened.access, opened.refresh) == ("an access token", "a refresh token")
    assert sealed().expires_at == NOW


def test_an_access_that_cannot_be_prolonged_has_no_refresh_token() -> None:
    tokens = sealed(replace(TOKENS, refresh_token=None))

    assert tokens.refresh is None
    assert SEALER.open(replace(LOGIN, tokens=tokens)).refresh is None


def test_neither_what_is_sealed_nor_what_is_opened_shows_a_token() -> None:
    login = replace(LOGIN, tokens=sealed())

    assert b"token" not in sealed().access
    assert "access token" not in f"{login!r} {login.tokens!r} {SEALER.open(login)!r}"


def test_tokens_copied_to_another_login_cannot_be_opened() -> None:
    with pytest.raises(DomainError) as refusal:
        SEALER.open(replace(LOGIN, id=UUID(int=9), tokens=sealed()))

    assert refusal.value.reason is Reason.CONFIGURATION_ERROR


def test_tokens_copied_to_the_other_column_cannot_be_opened() -> None:
    tokens = sealed()
    assert tokens.refresh is not None

    with pytest.raises(DomainError) as refusal:
        SEALER.open(replace(LOGIN, tokens=replace(tokens, access=tokens.refresh)))

    assert refusal.value.reason is Reason.CONFIGURATION_ERROR


def test_a_login_that_is_not_connected_has_nothing_to_open() -> None:
    with pytest.raises(DomainError) as refusal:
        SEALER.open(LOGIN)

    assert refusal.value.reason is Reason.BANK_LOGIN_INACTIVE
