"""Nobody alone gets to be the other one who is asked, over every storage."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from pyotp import TOTP
from tests.support.refusals import refusal_of, refused
from tests.support.scenes.approval_steps import WHY, asked, promotion_of, user_now
from tests.support.scenes.mail_steps import confirming, mails_to, newest_token, registration
from tests.support.scenes.second_factor_steps import an_app, factor_of
from tests.support.scenes.service_world import PASSWORD, Customer, ServiceWorld

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.identity.actor import ANONYMOUS, NOWHERE, Actor, Role
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import Payment, PaymentType
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.services.approvals.user_acts import second_factor_removal, user_creation, user_update
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.services.users.registration_service import NewUser
from ledgerbank_domain.users.api_key import NewApiKey
from ledgerbank_domain.users.user import NO_PASSWORD_HASH, UserChanges, UserStatus

A_LONG_PASSWORD = "a passphrase for staff"


def log_in(world: ServiceWorld, email: str, password: str) -> str:
    return world.auth.log_in(ANONYMOUS, email=email, password=password)[0].access_token


def choose_password(world: ServiceWorld, token: str) -> None:
    world.services.password_resets.reset(
        ANONYMOUS, token=token, new_password=A_LONG_PASSWORD, password_confirmation=A_LONG_PASSWORD
    )


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPPORT])
def test_staff_that_two_made_choose_a_password_that_neither_knows(
    world: ServiceWorld, asking: Actor, deciding: Actor, role: Role
) -> None:
    new = NewUser(
        email="new@example.com",
        full_name="New",
        password=PASSWORD,
        password_confirmation=PASSWORD,
        role=role,
    )
    approval = asked(world, asking, user_creation(world.services.registration.prepare(asking, new)))
    assert "password_hash" not in approval.arguments
    assert refused(lambda: log_in(world, "new@example.com", PASSWORD)) == "invalid_credentials"

    decided = world.approvals.approve(deciding, approval_id=approval.id)

    assert refused(lambda: log_in(world, "new@example.com", PASSWORD)) == "invalid_credentials"
    assert decided.target_id is not None
    assert user_now(world, decided.target_id).password_hash == NO_PASSWORD_HASH
    (mail,) = mails_to(world, "new@example.com")
    choose_password(world, newest_token(world, "new@example.com"))
    assert (
        world.auth.authenticate(log_in(world, "new@example.com", A_LONG_PASSWORD), origin=NOWHERE).actor.role
        is role
    )
    assert "password" in mail.subject
    assert user_now(world, decided.target_id).verified
    with world.start_unit_of_work() as work:
        stored = work.approvals.find(approval.id)
    assert stored is not None
    assert stored.arguments == {}


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPPORT])
def test_whoever_knew_a_way_in_has_none_once_it_leads_to_more(
    world: ServiceWorld, asking: Actor, deciding: Actor, role: Role
) -> None:
    # All of this may have been prepared by the one who asks.
    registered = world.services.registration.register(ANONYMOUS, registration("sock@example.com", PASSWORD))
    pair, _ = world.auth.log_in(ANONYMOUS, email="sock@example.com", password=PASSWORD)
    sock = world.auth.authenticate(pair.access_token, origin=NOWHERE).actor
    key = world.services.api_keys.create(sock, NewApiKey(name="mine", scopes=[Scope.ACCOUNTS_READ]))
    confirming(world).users.update_profile(
        sock,
        UserChanges(email="puppeteer@example.com"),
        proven=user_now(world, registered.id),
    )
    link = newest_token(world, "puppeteer@example.com")
    approval = asked(world, asking, user_update(registered.id, UserChanges(role=role)))
    world.clock.advance(timedelta(seconds=1))

    world.approvals.approve(deciding, approval_id=approval.id)

    ways_in: list[Callable[[], object]] = [
        lambda: log_in(world, "sock@example.com", PASSWORD),
        lambda: world.auth.authenticate(pair.access_token, origin=NOWHERE),
        lambda: world.auth.refresh(ANONYMOUS, refresh_token=pair.refresh_token),
        lambda: world.auth.authenticate(key.text, origin=NOWHERE),
        lambda: world.services.email_confirmations.confirm(ANONYMOUS, token=link),
    ]
    assert [refused(way_in) for way_in in ways_in] == [
        "invalid_credentials",
        "token_revoked",
        "token_revoked",
        "token_revoked",
        "invalid_token",
    ]
    assert user_now(world, registered.id).role is role
    choose_password(world, newest_token(world, "sock@example.com"))
    log_in(world, "sock@example.com", A_LONG_PASSWORD)


def test_staff_that_comes_back_chooses_another_password(
    world: ServiceWorld, asking: Actor, deciding: Actor
) -> None:
    staff = world.user("staff@example.com", role=Role.SUPPORT).user
    world.users.update(asking, user_id=staff.id, changes=UserChanges(status=UserStatus.SUSPENDED))
    restoring = user_update(staff.id, UserChanges(status=UserStatus.ACTIVE))

    world.approvals.approve(deciding, approval_id=asked(world, asking, restoring).id)

    assert refused(lambda: log_in(world, "staff@example.com", PASSWORD)) == "invalid_credentials"
    choose_password(world, newest_token(world, "staff@example.com"))
    log_in(world, "staff@example.com", A_LONG_PASSWORD)


def test_who_loses_rights_or_is_renamed_keeps_their_password(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    staff = world.user("staff@example.com", role=Role.ADMIN).user
    demotion = user_update(staff.id, UserChanges(role=Role.SUPPORT))
    elsewhere = user_update(alice.user.id, UserChanges(email="married@example.com"))
    for act in (demotion, elsewhere):
        world.approvals.approve(deciding, approval_id=asked(world, asking, act).id)
    world.users.update(asking, user_id=staff.id, changes=UserChanges(full_name="Renamed"))
    assert [mail.subject for mail in mails_to(world, "staff@example.com")] == []
    log_in(world, "staff@example.com", PASSWORD)
    log_in(world, "married@example.com", PASSWORD)


@pytest.mark.parametrize("role", [Role.USER, Role.SUPPORT, Role.ADMIN])
def test_a_second_factor_of_somebody_else_is_taken_away_by_two(
    world: ServiceWorld, asking: Actor, deciding: Actor, role: Role
) -> None:
    owner = world.user("owner@example.com", role=role)
    an_app(world, owner.user)
    factor = factor_of(world, owner.user)
    alone = refused(lambda: world.second_factor.remove_of(asking, user_id=owner.user.id))
    assert alone == "insufficient_permissions"

    approval = asked(world, asking, second_factor_removal(owner.user.id))

    assert (approval.kind.value, approval.target_id) == ("user.remove_second_factor", owner.user.id)
    assert factor_of(world, owner.user) == factor
    assert refused(lambda: world.approvals.approve(asking, approval_id=approval.id)) == (
        "insufficient_permissions"
    )
    # Nor by whose it is: a session of theirs has not shown the factor.
    if role is Role.ADMIN:
        own = refused(lambda: world.approvals.approve(owner.actor, approval_id=approval.id))
        assert own == "insufficient_permissions"
    world.approvals.approve(deciding, approval_id=approval.id)
    assert world.second_factor.status(owner.actor).confirmed_at is None
    assert AuditName.ADMIN_SECOND_FACTOR_REMOVED.value in world.audit_names(owner.user.id)


def test_a_factor_that_was_set_up_since_is_not_the_one_that_was_lost(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    app = an_app(world, alice.user)
    approval = asked(world, asking, second_factor_removal(alice.user.id))
    proven = world.second_factor.prove_password(alice.actor, current_password=PASSWORD)
    secret = world.second_factor.enrol(alice.actor, proven, code=app.code()).secret
    world.second_factor.confirm(alice.actor, code=TOTP(secret).at(world.clock.now()))

    refusal = refusal_of(lambda: world.approvals.approve(deciding, approval_id=approval.id))

    assert (refusal.reason.code, refusal.details["field"]) == ("already_processed", "second_factor")
    assert world.second_factor.status(alice.actor).confirmed_at is not None


def test_only_a_factor_of_somebody_else_that_there_is_may_be_asked_for(
    world: ServiceWorld, alice: Customer, asking: Actor
) -> None:
    an_app(world, world.user("asking2@example.com").user)
    assert world.approvals.ask_if_needed(asking, second_factor_removal(alice.user.id), reason=None) is None
    assert refused(lambda: world.second_factor.remove_of(asking, user_id=alice.user.id)) == (
        "resource_not_found"
    )
    an_app(world, user_now(world, asking.required_user_id()))
    own = second_factor_removal(asking.required_user_id())
    assert refused(lambda: world.approvals.ask_if_needed(asking, own, reason=WHY)) == (
        "insufficient_permissions"
    )


def test_nobody_pays_money_in_for_themselves_where_customers_may_not(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    strict = ServiceWorld(
        start_unit_of_work=world.start_unit_of_work,
        clock=world.clock,
        ids=world.ids,
        four_eyes=FourEyes(required=True),
        limits=PaymentLimits(self_service_credits=False),
    )
    mine = strict.account_of(user_now(world, asking.required_user_id()))
    theirs = strict.account_of(alice.user)
    program = replace(asking, api_key_id=world.ids.new_id(), scopes=frozenset({Scope.PAYMENTS_WRITE}))

    def paid_in(actor: Actor, account: Account) -> Payment:
        made = strict.pending(actor, account, direction=Direction.CREDIT, payment_type=PaymentType.DEPOSIT)
        return strict.payment_processing.process(actor, payment_id=made.id)

    for who in (asking, program):
        assert refused(lambda: paid_in(who, mine)) == "insufficient_permissions"  # noqa: B023
        draft = strict.draft(mine, direction=Direction.CREDIT, payment_type=PaymentType.DEPOSIT)
        assert refused(lambda: strict.payments.validate(who, draft)) == "insufficient_permissions"  # noqa: B023
    pending = strict.pending(deciding, mine, direction=Direction.CREDIT, payment_type=PaymentType.DEPOSIT)
    own = refused(lambda: strict.payment_processing.process(asking, payment_id=pending.id))
    assert own == "insufficient_permissions"
    assert strict.balance(mine) == 0
    paid_in(deciding, mine)
    paid_in(asking, theirs)
    assert (strict.balance(mine), strict.balance(theirs)) == (Decimal(10), Decimal(10))


def test_without_four_eyes_known_passwords_stay_good(
    world: ServiceWorld, alice: Customer, asking: Actor
) -> None:
    alone = ServiceWorld(start_unit_of_work=world.start_unit_of_work, clock=world.clock, ids=world.ids)
    new = NewUser(
        email="new@example.com",
        full_name="New",
        password=PASSWORD,
        password_confirmation=PASSWORD,
        role=Role.SUPPORT,
    )
    alone.services.registration.create_with_role(asking, new)
    alone.users.update(asking, user_id=alice.user.id, changes=UserChanges(role=Role.SUPPORT))
    for email in ("new@example.com", "alice@example.com"):
        log_in(alone, email, PASSWORD)


def test_a_request_from_when_it_took_two_is_done_as_one_would_do_it_now(
    world: ServiceWorld, alice: Customer, asking: Actor, deciding: Actor
) -> None:
    approval = promotion_of(world, asking, alice.user)
    alone = ServiceWorld(start_unit_of_work=world.start_unit_of_work, clock=world.clock, ids=world.ids)
    alone.approvals.approve(deciding, approval_id=approval.id)
    log_in(alone, "alice@example.com", PASSWORD)
    assert user_now(world, alice.user.id).role is Role.ADMIN
