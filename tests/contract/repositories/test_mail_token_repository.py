"""Tokens of mails in storage."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.users.mail_token import MailPurpose, MailToken, mail_token_hash
from ledgerbank_domain.users.user import User

RESET, CONFIRMATION = MailPurpose.PASSWORD_RESET, MailPurpose.EMAIL_CONFIRMATION


def a_token(
    given: EntityBuilder,
    user: User,
    secret: str = "a token",
    *,
    purpose: MailPurpose = RESET,
    sealed: bytes | None = b"\x00sealed\xff",
) -> MailToken:
    now = given.clock.now()
    token = MailToken(
        id=given.ids.new_id(),
        user_id=user.id,
        purpose=purpose,
        email=user.email,
        token_hash=mail_token_hash(secret),
        sealed=sealed,
        expires_at=now + purpose.lifetime,
        inserted_at=now,
        updated_at=now,
    )
    given.stored(lambda work: work.mail_tokens.put(token))
    return token


def found(start_unit_of_work: StartUnitOfWork, secret: str) -> MailToken | None:
    with start_unit_of_work() as work:
        return work.mail_tokens.find_by_hash(mail_token_hash(secret))


def test_a_token_takes_the_place_of_its_users_earlier_one_for_the_purpose_and_of_no_other(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user, other = given.a_user(), given.a_user()
    a_token(given, user, "the older")
    confirmation = a_token(given, user, "for something else", purpose=CONFIRMATION)
    of_another = a_token(given, other, "of another")
    newer = a_token(given, user, "the newer", sealed=None)

    assert found(start_unit_of_work, "the older") is None
    assert found(start_unit_of_work, "the newer") == newer
    assert found(start_unit_of_work, "of another") == of_another
    with start_unit_of_work() as work:
        assert work.mail_tokens.find(user.id, RESET) == newer
        assert work.mail_tokens.find(user.id, CONFIRMATION) == confirmation
        assert work.mail_tokens.find(other.id, CONFIRMATION) is None


def test_tokens_are_removed_by_purpose(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    user = given.a_user()
    a_token(given, user, "first")
    kept = a_token(given, user, "second", purpose=CONFIRMATION)

    given.stored(lambda work: work.mail_tokens.remove(user.id, [RESET]))

    assert found(start_unit_of_work, "first") is None
    assert found(start_unit_of_work, "second") == kept
    given.stored(lambda work: work.mail_tokens.remove(user.id, list(MailPurpose)))
    assert found(start_unit_of_work, "second") is None


def test_what_waits_for_its_mail_is_walked_through_by_id_and_sealed_anew_or_forgotten(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    waiting = sorted(
        (a_token(given, given.a_user(), f"token {n}") for n in range(3)), key=lambda token: token.id
    )
    a_token(given, given.a_user(), "sent", sealed=None)
    anew = replace(waiting[1], sealed=b"sealed anew")
    given.stored(lambda work: work.mail_tokens.save_sealed(anew))

    with start_unit_of_work() as work:
        assert work.mail_tokens.list_sealed(after=None, limit=2) == [waiting[0], anew]
        assert work.mail_tokens.list_sealed(after=anew.id, limit=2) == waiting[2:]
        assert work.mail_tokens.find_for_update(anew.id) == anew
    given.stored(lambda work: work.mail_tokens.save_sealed(replace(anew, sealed=None)))
    given.stored(lambda work: work.mail_tokens.remove(waiting[0].user_id, [RESET]))
    given.stored(lambda work: work.mail_tokens.save_sealed(waiting[0]))
    with start_unit_of_work() as work:
        assert work.mail_tokens.list_sealed(after=None, limit=10) == waiting[2:]
        assert work.mail_tokens.find_for_update(waiting[0].id) is None


def test_expired_tokens_are_removed_a_few_at_a_time(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, clock: MemoryClock
) -> None:
    for n in range(3):
        a_token(given, given.a_user(), f"old {n}")
    clock.advance(RESET.lifetime + timedelta(seconds=1))
    kept = a_token(given, given.a_user(), "kept")
    now = given.clock.now()

    def remove() -> int:
        with start_unit_of_work() as work:
            removed = work.mail_tokens.delete_expired(now, limit=2)
            work.commit()
        return removed

    assert [remove(), remove(), remove()] == [2, 1, 0]
    assert found(start_unit_of_work, "kept") == kept


def test_two_tokens_never_share_a_hash(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    first = a_token(given, given.a_user())
    beside = replace(first, id=given.ids.new_id(), user_id=given.a_user().id)

    with start_unit_of_work() as work, pytest.raises(DomainError) as refusal:
        work.mail_tokens.put(beside)

    assert refusal.value.reason is Reason.RESOURCE_ALREADY_EXISTS


def test_a_user_is_added_unless_their_address_is_known(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    known = given.a_user(email="alice@example.com")
    applicant = replace(known, id=given.ids.new_id(), email="ALICE@example.com")
    new = replace(applicant, email="new@example.com")

    with start_unit_of_work() as work:
        assert work.users.add_unless_known(applicant) == known
        assert work.users.add_unless_known(new) == new
        work.commit()
    with start_unit_of_work() as work:
        assert work.users.find_by_email("new@example.com") == new
        assert work.users.find(applicant.id) == new
