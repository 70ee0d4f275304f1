"""What sealing every secret anew promises, over every storage."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.races import race, reasons, results
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_adapters.encryption import AesGcmSecretBox
from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginStatus, SealedTokens, SyncLease
from ledgerbank_domain.banking.oauth_state import KeptCode, OAuthState
from ledgerbank_domain.ports.bank_gateway import BankTokens
from ledgerbank_domain.ports.secret_box import SecretBox
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.banks import token_rotation_service
from ledgerbank_domain.services.banks.bank_token_sealer import (
    BankTokenSealer,
    OpenedTokens,
    bank_code_place,
    code_verifier_place,
)
from ledgerbank_domain.services.banks.token_rotation_service import RotationReport, TokenRotationService
from ledgerbank_domain.users.second_factor import SecondFactor, second_factor_place

OLD, NEW, LOST = bytes(32), bytes(range(32)), b"l" * 32
BEFORE, DURING, AFTER = AesGcmSecretBox([OLD]), AesGcmSecretBox([NEW, OLD]), AesGcmSecretBox([NEW])


def sealed(box: SecretBox, login_id: UUID, *, refresh_token: str | None) -> SealedTokens:
    tokens = BankTokens(access_token="access", refresh_token=refresh_token, expires_at=None)
    return BankTokenSealer(secret_box=box).seal(tokens, login_id=login_id)


def a_login(
    given: EntityBuilder, box: SecretBox, *, refresh_token: str | None = "refresh", **fields: Any
) -> BankLogin:
    login_id = given.ids.new_id()
    tokens = sealed(box, login_id, refresh_token=refresh_token)
    return given.a_login(given.a_user(), id=login_id, tokens=tokens, **fields)


def a_state(given: EntityBuilder, box: SecretBox, login: BankLogin) -> OAuthState:
    now, state_id = given.clock.now(), given.ids.new_id()
    state = OAuthState(
        id=state_id,
        state_hash=state_id.hex * 2,
        user_id=login.user_id,
        user_bank_login_id=login.id,
        code_verifier=box.seal("verifier", bound_to=code_verifier_place(state_id)),
        expires_at=now + timedelta(minutes=10),
        inserted_at=now,
        updated_at=now,
    )
    given.stored(lambda work: work.oauth_states.add(state))
    return state


def a_kept_state(given: EntityBuilder, box: SecretBox, login: BankLogin) -> OAuthState:
    state = a_state(given, box, login)
    code = box.seal("code", bound_to=bank_code_place(state.id))
    keeping = state.keeping(KeptCode(code=code, confirmation_hash="a" * 64, tries=2), at=state.inserted_at)
    given.stored(lambda work: work.oauth_states.save(keeping))
    return keeping


def a_factor(given: EntityBuilder, box: SecretBox) -> SecondFactor:
    now, factor_id = given.clock.now(), given.ids.new_id()
    factor = SecondFactor(
        id=factor_id,
        user_id=given.a_user().id,
        secret=box.seal("secret", bound_to=second_factor_place(factor_id)),
        inserted_at=now,
        updated_at=now,
    )
    given.stored(lambda work: work.second_factors.add(factor))
    return factor


def stored_login(start_unit_of_work: StartUnitOfWork, login: BankLogin) -> BankLogin:
    with start_unit_of_work() as work:
        return work.bank_logins.find_many([login.id])[login.id]


@pytest.fixture(autouse=True)
def few_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_rotation_service, "ROWS_AT_ONCE", 2)


@pytest.fixture
def rotation(start_unit_of_work: StartUnitOfWork) -> TokenRotationService:
    return TokenRotationService(start_unit_of_work=start_unit_of_work, secret_box=DURING)


def test_everything_is_sealed_anew_once_and_the_old_key_can_go(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, rotation: TokenRotationService
) -> None:
    now = given.clock.now()
    logins = [
        a_login(given, BEFORE),
        a_login(given, BEFORE, status=BankLoginStatus.INACTIVE, refresh_token=None),
        a_login(
            given,
            BEFORE,
            lease=SyncLease(token=given.ids.new_id(), worker_id=given.ids.new_id(), expires_at=now),
        ),
        a_login(given, DURING),
    ]
    given.a_login(given.a_user())
    states = [a_state(given, BEFORE, logins[0]), a_state(given, DURING, logins[0])]

    assert rotation.rotate() == RotationReport(renewed=4, current=2, unreadable=0)
    assert rotation.rotate() == RotationReport(renewed=0, current=6, unreadable=0)

    for login in logins:
        renewed = stored_login(start_unit_of_work, login)
        assert replace(renewed, tokens=login.tokens) == login
        assert login.tokens is not None
        expected = OpenedTokens(access="access", refresh="refresh" if login.tokens.refresh else None)
        assert BankTokenSealer(secret_box=AFTER).open(renewed) == expected
    with start_unit_of_work() as work:
        for state in states:
            renewed_state = work.oauth_states.find_for_update(state.id)
            assert renewed_state is not None
            assert renewed_state.code_verifier is not None
            assert (
                AFTER.open(renewed_state.code_verifier, bound_to=code_verifier_place(state.id)) == "verifier"
            )


def test_a_kept_code_is_sealed_anew_with_its_verifier_and_keeps_its_tries(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, rotation: TokenRotationService
) -> None:
    login = given.a_login(given.a_user())
    kept = a_kept_state(given, BEFORE, login)
    lost = a_kept_state(given, AesGcmSecretBox([LOST]), login)

    assert rotation.rotate() == RotationReport(renewed=1, current=0, unreadable=1)
    assert rotation.rotate() == RotationReport(renewed=0, current=1, unreadable=1)

    with start_unit_of_work() as work:
        renewed, left = (work.oauth_states.find_for_update(each.id) for each in (kept, lost))
    assert left == lost
    assert renewed is not None
    assert renewed.kept is not None
    assert renewed.code_verifier is not None
    assert AFTER.open(renewed.kept.code, bound_to=bank_code_place(kept.id)) == "code"
    assert AFTER.open(renewed.code_verifier, bound_to=code_verifier_place(kept.id)) == "verifier"
    assert replace(renewed, kept=kept.kept, code_verifier=kept.code_verifier) == kept
    assert renewed.kept.tries == 2


def test_what_no_key_opens_is_counted_and_left_as_it_is(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, rotation: TokenRotationService
) -> None:
    lost = a_login(given, AesGcmSecretBox([LOST]))
    state = a_state(given, AesGcmSecretBox([LOST]), lost)
    found = a_login(given, BEFORE)

    assert rotation.rotate() == RotationReport(renewed=1, current=0, unreadable=2)
    assert stored_login(start_unit_of_work, lost) == lost
    assert stored_login(start_unit_of_work, found) != found
    with start_unit_of_work() as work:
        assert work.oauth_states.find_for_update(state.id) == state


def test_the_secrets_of_second_factors_are_sealed_anew_as_well(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, rotation: TokenRotationService
) -> None:
    factors = [a_factor(given, box) for box in (BEFORE, BEFORE, BEFORE, DURING)]
    lost = a_factor(given, AesGcmSecretBox([LOST]))

    assert rotation.rotate() == RotationReport(renewed=3, current=1, unreadable=1)

    with start_unit_of_work() as work:
        assert work.second_factors.find(lost.id) == lost
        for factor in factors:
            renewed = work.second_factors.find(factor.id)
            assert renewed is not None
            assert replace(renewed, secret=factor.secret) == factor
            assert AFTER.open(renewed.secret, bound_to=second_factor_place(factor.id)) == "secret"


def test_several_rotations_at_once_renew_everything_once(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, rotation: TokenRotationService
) -> None:
    logins = [a_login(given, BEFORE) for _ in range(5)]

    outcomes = race([rotation.rotate] * 4)

    assert reasons(outcomes) == []
    reports = results(outcomes)
    assert sum(report.renewed for report in reports) == 5
    assert sum(report.unreadable for report in reports) == 0
    for login in logins:
        assert (
            BankTokenSealer(secret_box=AFTER).open(stored_login(start_unit_of_work, login)).access == "access"
        )
