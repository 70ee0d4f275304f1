"""What asks for a fresh second factor, and what its confirmation is good for, over every storage."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.support.races import race, reasons, results
from tests.support.refusals import refusal_of, refused
from tests.support.scenes.second_factor_steps import RECOVERY_CODE
from tests.support.scenes.service_world import PASSWORD, ServiceWorld
from tests.support.scenes.step_up_steps import StepUpScene, challenge_in, challenge_of

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import SYSTEM, Role
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payee import NewPayee
from ledgerbank_domain.payments.payment import Payment, PaymentFilter, PaymentType
from ledgerbank_domain.payments.payment_limits import LimitByCurrency


@pytest.fixture
def scene(world: ServiceWorld) -> StepUpScene:
    return StepUpScene.over(world)


@pytest.mark.parametrize("amount", ["0.01", "99.99", "100", "100.00"])
def test_nothing_is_to_be_confirmed_up_to_the_amount(scene: StepUpScene, amount: str) -> None:
    assert scene.pays(scene.draft(amount)) == "created"
    assert scene.pays(scene.draft(amount, to=scene.savings)) == "created"


@pytest.mark.parametrize("amount", ["100.01", "101", "4000"])
def test_over_the_amount_every_payment_is_to_be_confirmed_whoever_is_paid(
    scene: StepUpScene, amount: str
) -> None:
    scene.paid_before(scene.theirs)

    for to in (None, scene.savings, scene.theirs):
        assert scene.pays(scene.draft(amount, to=to)) == "step_up_required"


def test_a_first_payment_to_somebody_is_to_be_confirmed_and_none_after_it(scene: StepUpScene) -> None:
    draft = scene.draft("0.01", to=scene.theirs)
    assert scene.pays(draft) == "step_up_required"

    scene.paid_before(scene.theirs)

    assert scene.pays(scene.draft("100", to=scene.theirs)) == "created"
    assert scene.pays(scene.draft("5", to=scene.theirs, out_of=scene.savings)) == "created"


def test_a_payment_that_was_reversed_is_no_payment_before(scene: StepUpScene) -> None:
    admin = scene.world.user("admin@example.com", role=Role.ADMIN).actor
    scene.paid_before(scene.theirs)
    page = scene.world.payments.list_page(
        scene.actor, PaymentFilter(user_id=scene.alice.user.id), request=PageRequest()
    )
    scene.world.reversals.reverse_payment(admin, payment_id=page.items[0].id, reason="A mistake")

    assert scene.pays(scene.draft("1", to=scene.theirs)) == "step_up_required"


def test_what_only_waits_or_was_cancelled_is_no_payment_before(scene: StepUpScene) -> None:
    world = scene.world
    waiting = scene.draft("1", to=scene.theirs)
    scene.confirmed(waiting)
    payment = scene.create(waiting)
    assert scene.pays(scene.draft("1", to=scene.theirs)) == "step_up_required"

    world.payments.cancel(scene.actor, payment_id=payment.id)
    assert scene.pays(scene.draft("1", to=scene.theirs)) == "step_up_required"

    scene.paid_before(scene.theirs)
    assert scene.pays(scene.draft("1", to=scene.theirs)) == "created"


def test_what_another_customer_paid_makes_nobody_known(scene: StepUpScene) -> None:
    carol = scene.world.user("carol@example.com")
    hers = scene.world.account_of(carol.user, "100")
    scene.paid_before(scene.theirs)

    transfer = scene.draft("1", to=scene.theirs, out_of=hers)

    assert refused(lambda: scene.create(transfer, actor=carol.actor)) == "step_up_required"


def test_a_trusted_payee_is_paid_up_to_the_amount(scene: StepUpScene) -> None:
    new_payee = NewPayee(counterparty_account_id=scene.theirs.id, name="Bob")
    scene.confirm(challenge_of(lambda: scene.world.services.payees.add(scene.actor, new_payee)))
    payee = scene.world.services.payees.add(scene.actor, new_payee)

    assert scene.pays(scene.draft("100", to=scene.theirs)) == "created"
    assert scene.pays(scene.draft("100.01", to=scene.theirs)) == "step_up_required"

    scene.world.services.payees.remove(scene.actor, payee_id=payee.id)

    assert scene.pays(scene.draft("100", to=scene.theirs)) == "step_up_required"


def test_where_it_is_off_nothing_is_to_be_confirmed(scene: StepUpScene) -> None:
    off = scene.world.with_limits(step_up_amount=None)

    assert off.payments.create(scene.actor, scene.draft("4000", to=scene.theirs)).is_pending
    assert off.objection(scene.actor, scene.draft("900", to=scene.theirs)) is None


def test_the_amount_is_in_the_currency_of_the_payment(world: ServiceWorld) -> None:
    scene = StepUpScene.over(
        world, amount=LimitByCurrency(otherwise=Decimal(100), entries={"JPY": Decimal(15000)})
    )
    yen = scene.world.account_of(scene.alice.user, "90000", currency="JPY")
    dollars = scene.world.account_of(scene.alice.user, "900", currency="USD")

    assert scene.pays(scene.draft("9000", out_of=yen)) == "created"
    assert scene.pays(scene.draft("15001", out_of=yen)) == "amount_exceeds_limit"
    assert scene.pays(scene.draft("100.01", out_of=dollars)) == "step_up_required"


def test_money_that_comes_in_is_not_to_be_confirmed(scene: StepUpScene) -> None:
    deposit = replace(scene.draft("4000"), direction=Direction.CREDIT, payment_type=PaymentType.DEPOSIT)

    assert scene.pays(deposit) == "created"


def test_staff_at_the_counter_and_the_system_confirm_nothing(scene: StepUpScene) -> None:
    admin = scene.world.user("admin@example.com", role=Role.ADMIN).actor
    withdrawal = replace(scene.draft("4000"), payment_type=PaymentType.WITHDRAWAL)

    assert scene.create(withdrawal, actor=admin).is_pending
    assert scene.create(scene.draft("4000", to=scene.theirs), actor=SYSTEM).is_pending


def test_an_administrators_own_money_is_to_be_confirmed_like_anybodys(scene: StepUpScene) -> None:
    admin = scene.world.user("admin@example.com", role=Role.ADMIN)
    own = scene.world.account_of(admin.user, "5000")

    draft = scene.draft("101", out_of=own)

    assert refused(lambda: scene.create(draft, actor=admin.actor)) == "step_up_required"


def test_a_confirmed_payment_is_taken_once_and_then_executed_unasked(scene: StepUpScene) -> None:
    draft = scene.draft("900", to=scene.theirs)
    scene.confirmed(draft)

    payment = scene.create(draft)

    done = scene.world.payment_processing.process(scene.actor, payment_id=payment.id)
    assert done.journal_entry_id is not None
    assert scene.pays(scene.draft("900")) == "step_up_required"
    assert scene.world.ledger.verify() == []


def test_a_confirmation_is_good_for_the_amount_however_it_is_written(scene: StepUpScene) -> None:
    scene.confirmed(scene.draft("4000", to=scene.theirs))

    assert scene.pays(scene.draft("4000.00", to=scene.theirs)) == "created"


@pytest.mark.parametrize(
    "another",
    [
        lambda scene: scene.draft("4000.01", to=scene.theirs),
        lambda scene: scene.draft("3999.99", to=scene.theirs),
        lambda scene: scene.draft("4000", to=scene.savings),
        lambda scene: scene.draft("4000", to=scene.world.account_of(scene.bob.user)),
        lambda scene: scene.draft("4000", to=scene.theirs, out_of=scene.savings),
        lambda scene: scene.draft("4000"),
    ],
    ids=["a penny more", "a penny less", "own account", "other account", "out of another", "to nobody"],
)
def test_a_confirmation_is_good_for_nothing_else(scene: StepUpScene, another: object) -> None:
    draft = scene.draft("4000", to=scene.theirs)
    scene.confirmed(draft)
    assert callable(another)

    assert scene.pays(another(scene)) == "step_up_required"
    assert scene.pays(draft) == "created"


def test_a_confirmation_in_one_currency_is_none_in_another(scene: StepUpScene) -> None:
    euros = scene.world.account_of(scene.alice.user, "5000", currency="EUR")
    scene.confirmed(scene.draft("4000"))

    assert scene.pays(scene.draft("4000", out_of=euros)) == "step_up_required"


def test_a_confirmed_payee_is_no_confirmed_payment_and_the_other_way_round(scene: StepUpScene) -> None:
    payees, new = scene.world.services.payees, NewPayee(counterparty_account_id=scene.theirs.id, name="Bob")
    scene.confirmed(scene.draft("1", to=scene.theirs))
    scene.confirm(challenge_of(lambda: payees.add(scene.actor, new)))

    assert scene.pays(scene.draft("2", to=scene.theirs)) == "step_up_required"
    assert payees.add(scene.actor, new).name == "Bob"


@pytest.mark.parametrize(("age", "answer"), [(299, "created"), (300, "step_up_required")])
def test_a_confirmation_is_good_for_five_minutes(scene: StepUpScene, age: int, answer: str) -> None:
    draft = scene.draft("4000")
    scene.confirmed(draft)

    scene.world.clock.advance(timedelta(seconds=age))

    assert scene.pays(draft) == answer


def test_a_challenge_is_good_for_five_minutes_and_once(scene: StepUpScene) -> None:
    draft = scene.draft("4000")
    old = challenge_of(lambda: scene.create(draft))
    scene.world.clock.advance(timedelta(minutes=5))
    assert refused(lambda: scene.confirm(old)) == "token_expired"

    fresh = challenge_of(lambda: scene.create(draft))
    scene.confirm(fresh)

    assert refused(lambda: scene.confirm(fresh)) == "invalid_token"


def test_five_wrong_codes_use_a_challenge_up(scene: StepUpScene) -> None:
    quiet = scene.world
    draft = scene.draft("4000")
    challenge = challenge_of(lambda: scene.create(draft))
    for _ in range(5):
        wrong = lambda: scene.confirm(challenge, code=scene.app.wrong_code())  # noqa: E731
        assert refused(wrong) == "invalid_second_factor"
        quiet.clock.advance(timedelta(seconds=20))

    assert refused(lambda: scene.confirm(challenge)) in ("invalid_token", "rate_limit_exceeded")
    assert scene.pays(draft) == "step_up_required"


def test_a_refusal_says_what_its_code_would_confirm(scene: StepUpScene) -> None:
    def told(refusal: DomainError) -> dict[str, object]:
        return {name: each for name, each in refusal.details.items() if name not in ("challenge", "message")}

    assert told(refusal_of(lambda: scene.create(scene.draft("1000.1", to=scene.theirs)))) == {
        "confirms": "payment",
        "user_bank_account_id": str(scene.account.id),
        "counterparty_account_id": str(scene.theirs.id),
        "amount": "1000.10",
        "currency": "GBP",
    }
    payee = NewPayee(counterparty_account_id=scene.theirs.id, name="Bob")
    assert told(refusal_of(lambda: scene.world.services.payees.add(scene.actor, payee))) == {
        "confirms": "trusted_payee",
        "counterparty_account_id": str(scene.theirs.id),
    }


@pytest.mark.parametrize("challenge", ["", "nothing", "\ud800", "x" * 5000])
def test_any_text_may_be_sent_as_a_challenge(scene: StepUpScene, challenge: str) -> None:
    assert refused(lambda: scene.confirm(challenge)) == "invalid_token"


def test_a_challenge_is_its_users_alone(scene: StepUpScene) -> None:
    draft = scene.draft("4000")
    challenge = challenge_of(lambda: scene.create(draft))

    assert refused(lambda: scene.confirm(challenge, actor=scene.bob.actor)) == "invalid_token"
    scene.confirm(challenge)
    assert scene.pays(draft) == "created"


def test_another_session_of_the_user_may_confirm(scene: StepUpScene) -> None:
    draft = scene.draft("4000")
    challenge = challenge_of(lambda: scene.create(draft))
    elsewhere = replace(scene.actor, session_id=scene.world.ids.new_id())

    scene.confirm(challenge, actor=elsewhere)

    assert scene.pays(draft) == "created"


def test_a_code_counts_once_for_two_challenges(scene: StepUpScene) -> None:
    first = challenge_of(lambda: scene.create(scene.draft("4000")))
    second = challenge_of(lambda: scene.create(scene.draft("4001")))
    code = scene.app.next_code()
    scene.confirm(first, code=code)

    assert refused(lambda: scene.confirm(second, code=code)) == "invalid_second_factor"


def test_a_recovery_code_confirms_once(scene: StepUpScene) -> None:
    draft = scene.draft("4000")
    scene.confirm(challenge_of(lambda: scene.create(draft)), code=RECOVERY_CODE)

    assert scene.pays(draft) == "created"


def test_a_new_password_ends_challenges_and_confirmations(scene: StepUpScene) -> None:
    draft = scene.draft("4000")
    scene.confirmed(draft)
    challenge = challenge_of(lambda: scene.create(scene.draft("4001")))
    scene.world.clock.advance(timedelta(seconds=1))

    scene.world.services.passwords.change_password(
        scene.actor,
        current_password=PASSWORD,
        new_password="another staple of horses",
        password_confirmation="another staple of horses",
    )

    assert scene.pays(draft) == "step_up_required"
    assert refused(lambda: scene.confirm(challenge)) == "invalid_token"


def test_whoever_has_no_second_factor_is_told_to_set_one_up(scene: StepUpScene) -> None:
    own = scene.world.account_of(scene.bob.user, "500")
    with pytest.raises(DomainError) as caught:
        scene.create(scene.draft("101", out_of=own), actor=scene.bob.actor)

    assert caught.value.reason.code == "step_up_required"
    assert "challenge" not in caught.value.details
    assert "second factor" in str(caught.value.details["message"])


def test_a_program_is_refused_without_a_challenge_whatever_its_owner_confirmed(scene: StepUpScene) -> None:
    program = replace(
        scene.actor, api_key_id=scene.world.ids.new_id(), scopes=frozenset({Scope.PAYMENTS_WRITE})
    )
    draft = scene.draft("4000")
    scene.confirmed(draft)

    with pytest.raises(DomainError) as caught:
        scene.create(draft, actor=program)

    assert caught.value.reason.code == "step_up_required"
    assert "challenge" not in caught.value.details
    assert scene.world.objection(program, scene.draft("900", to=scene.theirs)) == "step_up_required"
    assert scene.create(scene.draft("100"), actor=program).is_pending
    assert scene.pays(draft) == "created"


def test_other_rules_are_asked_first_so_nobody_is_challenged_in_vain(scene: StepUpScene) -> None:
    assert scene.pays(scene.draft("10000.01")) == "amount_exceeds_limit"
    not_theirs = scene.draft("4000", out_of=scene.theirs)
    assert scene.pays(not_theirs) == "unauthorized_access"


def test_each_item_of_a_batch_is_confirmed_by_itself(scene: StepUpScene) -> None:
    small, large, other = scene.draft("5"), scene.draft("4000"), scene.draft("4000")
    scene.confirmed(large)
    requests = [(scene.actor, draft) for draft in (small, large, other)]

    outcomes = scene.world.payments.create_many(requests)

    assert [isinstance(outcome, Payment) for outcome in outcomes] == [True, True, False]
    assert reasons(outcomes) == ["step_up_required"]
    scene.confirm(challenge_in(outcomes[2]))
    assert scene.pays(other) == "created"


def test_a_dry_run_tells_and_uses_nothing_up(scene: StepUpScene) -> None:
    draft = scene.draft("900", to=scene.theirs)
    assert scene.world.objection(scene.actor, draft) == "step_up_required"
    assert scene.world.objection(scene.actor, scene.draft("900000")) == "amount_exceeds_limit"

    scene.confirmed(draft)

    assert scene.world.objection(scene.actor, draft) is None
    assert scene.world.objection(scene.actor, draft) is None
    assert scene.pays(draft) == "created"
    assert scene.world.objection(scene.actor, draft) == "step_up_required"


def test_of_two_payments_at_once_one_takes_the_confirmation_and_the_other_is_challenged_anew(
    scene: StepUpScene,
) -> None:
    for number in range(5):
        draft = scene.draft(f"{4000 + number}", to=scene.theirs)
        scene.confirmed(draft)

        outcomes = race([lambda draft=draft: scene.create(draft)] * 4)  # type: ignore[misc]

        assert len(results(outcomes)) == 1
        assert reasons(outcomes) == ["step_up_required"] * 3
        challenges = {challenge_in(error) for error in outcomes if isinstance(error, DomainError)}
        assert len(challenges) == 3


def test_of_two_codes_for_one_challenge_at_once_one_confirms(scene: StepUpScene) -> None:
    draft = scene.draft("4000")
    challenge = challenge_of(lambda: scene.create(draft))
    scene.world.clock.advance(timedelta(seconds=60))
    codes = [scene.app.code(), scene.app.code(drift=1), RECOVERY_CODE]

    outcomes = race([lambda code=code: scene.confirm(challenge, code=code) for code in codes])  # type: ignore[misc]

    assert len(results(outcomes)) == 1
    assert set(reasons(outcomes)) == {"invalid_token"}
    assert scene.pays(draft) == "created"
    assert scene.pays(draft) == "step_up_required"


def test_a_confirmation_tells_in_the_audit_trail_what_was_confirmed(scene: StepUpScene) -> None:
    scene.confirmed(scene.draft("4000", to=scene.theirs))

    with scene.world.start_unit_of_work() as work:
        event = work.audit.list_about(scene.alice.user.id)[-1]
    assert event.name.value == "payment.step_up_confirmed"
    assert event.metadata == {
        "act": "payment",
        "user_bank_account_id": str(scene.account.id),
        "counterparty_account_id": str(scene.theirs.id),
        "amount": "4000.00",
        "currency": "GBP",
    }


def test_what_was_not_used_is_cleared_away(scene: StepUpScene) -> None:
    scene.confirmed(scene.draft("4000"))
    scene.world.clock.advance(timedelta(minutes=6))

    with scene.world.start_unit_of_work() as work:
        assert work.step_up_confirmations.delete_expired(work.now(), limit=10) == 1
        assert work.step_up_confirmations.delete_expired(work.now(), limit=10) == 0


def test_a_deleted_users_confirmation_lets_nothing_through(scene: StepUpScene) -> None:
    admin = scene.world.user("admin@example.com", role=Role.ADMIN).actor
    draft = scene.draft("4000")
    scene.confirmed(draft)
    scene.world.users.delete(admin, user_id=scene.alice.user.id)

    assert scene.pays(draft) == "token_revoked"
