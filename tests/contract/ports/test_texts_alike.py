"""Texts that are the same to people are the same to every storage."""

from dataclasses import replace
from functools import partial

import pytest
from tests.support.races import race, reasons
from tests.support.refusals import refused
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_adapters.memory import MemoryPasswordHasher
from ledgerbank_domain.audit.audit_event import AuditFilter, AuditName
from ledgerbank_domain.banking.transaction import TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import ANONYMOUS, Actor, Role
from ledgerbank_domain.identity.page import KeysetRequest, PageRequest, Sort
from ledgerbank_domain.ports.audit_trail import LATEST_FIRST
from ledgerbank_domain.ports.repositories.user_repository import UserFilter
from ledgerbank_domain.services.users.registration_service import NewUser
from ledgerbank_domain.users.user import User, UserChanges

SPELLINGS = [
    "Straße.Zoë@Example.DE",
    "STRASSE.ZOE\u0308@EXAMPLE.DE",
    "strasse.zo\u00eb@\uff45xample.de",
]
# Nobody gets such an address any more; who pastes one is still known by it.
UNSEEN = "stra\u00adsse.zoe\u0308@example.de"
NEWEST = KeysetRequest(sort=Sort(field="posted_at", descending=True))


def register(world: ServiceWorld, email: str, password: str = PASSWORD) -> User:
    return world.services.registration.register(
        ANONYMOUS,
        NewUser(email=email, full_name="Zoë", password=password, password_confirmation=password),
    )


def login(world: ServiceWorld, email: str, password: str = PASSWORD) -> User:
    return world.auth.log_in(ANONYMOUS, email=email, password=password)[1]


def found(world: ServiceWorld, text: str) -> set[str]:
    with world.start_unit_of_work() as work:
        lines = work.transactions.list_keyset(TransactionFilter(text=text), request=NEWEST).items
    return {line.description for line in lines}


def test_of_simultaneous_registrations_of_one_email_in_many_spellings_one_succeeds(
    world: ServiceWorld,
) -> None:
    outcomes = race([partial(register, world, email) for email in SPELLINGS * 2])
    assert reasons(outcomes) == ["email_already_exists"] * (len(SPELLINGS) * 2 - 1)


@pytest.mark.parametrize("spelling", [*SPELLINGS, UNSEEN])
def test_an_email_logs_in_however_it_is_spelled_and_is_shown_as_it_was_registered(
    world: ServiceWorld, spelling: str
) -> None:
    user = register(world, SPELLINGS[0])
    assert user.email == SPELLINGS[0]
    assert login(world, f" {spelling}\n") == user


@pytest.mark.parametrize("email", ["a@b.", "a,b@c.d", "al\u200bice@example.com", "a" * 65 + "@example.com"])
def test_who_has_an_address_that_nobody_gets_any_more_logs_in_with_it(
    world: ServiceWorld, email: str
) -> None:
    user, _ = world.user()
    with world.start_unit_of_work() as work:
        before = replace(work.users.get_for_update(user.id), email=email)
        work.users.save(before)
        work.commit()

    assert login(world, email) == before
    assert refused(lambda: register(world, f"x{email}")) == "invalid_email_format"


def test_another_accent_is_another_email(world: ServiceWorld) -> None:
    register(world, "zoë@example.com")
    assert register(world, "zoe@example.com").email == "zoe@example.com"


def test_an_email_may_be_changed_to_another_spelling_of_itself_but_not_of_a_taken_one(
    world: ServiceWorld,
) -> None:
    user, actor = world.user("alice@example.com")
    register(world, "BOB@example.com")
    assert (
        world.users.update_profile(actor, UserChanges(email="Alice@Example.com")).email == "Alice@Example.com"
    )
    assert login(world, user.email).email == "Alice@Example.com"
    with pytest.raises(DomainError, match="email_already_exists"):
        world.users.update_profile(actor, UserChanges(email="bob@EXAMPLE.com"))


def test_failed_logins_of_one_email_are_counted_together_however_it_is_spelled(world: ServiceWorld) -> None:
    register(world, SPELLINGS[0])
    for spelling in SPELLINGS:
        with pytest.raises(DomainError, match="invalid_credentials"):
            login(world, spelling, "wrong")
    with world.start_unit_of_work() as work:
        failed = work.audit.list_keyset(
            AuditFilter(name=AuditName.LOGIN_FAILED), request=KeysetRequest(sort=LATEST_FIRST)
        ).items
    assert len({event.metadata["email_hash"] for event in failed}) == 1


def test_emails_are_sorted_by_their_identity(world: ServiceWorld) -> None:
    admin = world.user("m@example.com", role=Role.ADMIN)[1]
    for email in ("B@example.com", "a@example.com", "C@example.com", "\uff42b@example.com"):
        register(world, email)
    for descending in (False, True):
        page = world.users.list_page(
            admin, UserFilter(), sort=(Sort(field="email", descending=descending),), request=PageRequest()
        )
        emails = [user.email for user in page.items]
        expected = ["a@example.com", "B@example.com", "\uff42b@example.com", "C@example.com", "m@example.com"]
        assert emails == (expected[::-1] if descending else expected)


@pytest.mark.parametrize(
    ("registered", "typed"),
    [
        ("caf\u00e9-au-lait", "cafe\u0301-au-lait"),
        ("cafe\u0301-au-lait", "caf\u00e9-au-lait"),
        (
            "\ud55c\uae00 \ube44\ubc00\ubc88\ud638 ok",
            "\u1112\u1161\u11ab\u1100\u1173\u11af \ube44\ubc00\ubc88\ud638 ok",
        ),
        ("no break space", "no\u00a0break\u3000space"),
    ],
)
def test_a_password_logs_in_however_the_keyboard_spells_it(
    world: ServiceWorld, registered: str, typed: str
) -> None:
    user = register(world, "zoe@example.com", registered)
    assert login(world, "zoe@example.com", typed) == user


@pytest.mark.parametrize(
    "typed", ["CAF\u00c9-AU-LAIT", "cafe-au-lait", "ca\uff46\u00e9-au-lait", " caf\u00e9-au-lait"]
)
def test_case_accents_width_and_blanks_of_a_password_count(world: ServiceWorld, typed: str) -> None:
    register(world, "zoe@example.com", "caf\u00e9-au-lait")
    with pytest.raises(DomainError, match="invalid_credentials"):
        login(world, "zoe@example.com", typed)


def test_a_hash_made_of_an_unprepared_password_stays_valid_and_is_renewed_at_the_next_login(
    world: ServiceWorld,
) -> None:
    raw = "cafe\u0301\u00a0au lait"
    user, _ = world.user("zoe@example.com")
    old = replace(user, password_hash=MemoryPasswordHasher().hash(raw))
    with world.start_unit_of_work() as work:
        work.users.save(old)
        work.commit()
    with pytest.raises(DomainError, match="invalid_credentials"):
        login(world, user.email, "caf\u00e9 au lait")
    renewed = login(world, user.email, raw)
    assert renewed.password_hash != old.password_hash
    assert login(world, user.email, "caf\u00e9 au lait") == renewed


def test_a_password_is_changed_however_the_current_one_is_spelled_and_not_to_another_spelling_of_it(
    world: ServiceWorld,
) -> None:
    user = register(world, "zoe@example.com", "caf\u00e9-au-lait")
    actor = Actor(user_id=user.id, role=user.role)
    same = "cafe\u0301-au-lait"
    with pytest.raises(DomainError, match="invalid_password_format"):
        world.services.passwords.change_password(
            actor, current_password="caf\u00e9-au-lait", new_password=same, password_confirmation=same
        )
    new = "the\u0301-au-lait"
    world.services.passwords.change_password(
        actor, current_password=same, new_password=new, password_confirmation="th\u00e9-au-lait"
    )
    assert login(world, "zoe@example.com", "th\u00e9-au-lait").id == user.id


@pytest.mark.parametrize(
    ("description", "questions"),
    [
        ("ΒΟΡΡΆΣ market", ["βορράς", "ΒΟΡΡΆΣ", "βορράσ M", "\u03b2\u03bf\u03c1\u03c1\u03b1\u0301\u03c2"]),
        ("İstanbul", ["istanbul", "İSTANBUL", "i\u0307stanbul", "ISTANBUL", "STAN"]),
        ("Straße 7", ["STRASSE", "straße", "ss", "STRA\u1e9eE"]),
        ("\ufb01nance", ["fin", "FINANCE", "\ufb01"]),
        ("\uff2c\uff4f\uff4e\uff44\uff4f\uff4e", ["london", "LON"]),
        ("\u212bngstr\u00f6m", ["\u00e5NGSTR\u00d6M", "a\u030angstro\u0308m"]),
        ("q\u0323\u0307x", ["Q\u0307\u0323X"]),
        ("zero\u200bwidth", ["ZEROWIDTH", "zero\u00adwidth"]),
        ("5 \u2120 100%_\\", ["sm", "%_\\", "100%"]),
        ("\u00bd pint", ["1\u20442"]),
    ],
)
def test_a_line_is_found_by_any_spelling_of_a_part_of_its_description(
    world: ServiceWorld, description: str, questions: list[str]
) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    payment = world.payments.create(actor, world.draft(account, description=description))
    world.payment_processing.process(actor, payment_id=payment.id)
    assert [found(world, question) for question in questions] == [{description}] * len(questions)


@pytest.mark.parametrize("question", ["borras", "ΒΟΡΡΑΣ", "strase", "a%t", "m_rket", "ısparta"])
def test_what_is_no_spelling_of_it_finds_nothing(world: ServiceWorld, question: str) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    for description in ("ΒΟΡΡΆΣ market", "Straße", "ISPARTA"):
        payment = world.payments.create(actor, world.draft(account, description=description))
        world.payment_processing.process(actor, payment_id=payment.id)
    assert found(world, question) == set()
