"""What every bank gateway promises, over each dialect, against a simulated bank that really runs."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.support.scenes.gateway_world import (
    EVERY_DIALECT,
    MONZO,
    STATE,
    VERIFIER,
    GatewayWorld,
    gateway_world,
)

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.bank_gateway import AccessTokenRefused, BankPaymentState, BankTokens


@pytest.fixture(params=EVERY_DIALECT, ids=lambda dialect: dialect.name)
def world(request: pytest.FixtureRequest, clock: MemoryClock) -> Iterator[GatewayWorld]:
    with gateway_world(request.param, clock) as world:
        yield world


@pytest.fixture
def tokens(world: GatewayWorld) -> BankTokens:
    return world.connect()


def assert_access_is_over(world: GatewayWorld, tokens: BankTokens) -> None:
    """Whether the bank says so at once, or only when the access is to be refreshed: consent is required."""
    with pytest.raises((AccessTokenRefused, DomainError)) as refused:
        world.gateway.list_accounts(access_token=tokens.access_token)
    if isinstance(refused.value, AccessTokenRefused):
        assert tokens.refresh_token is not None
        with pytest.raises(DomainError) as refused:
            world.gateway.refresh(refresh_token=tokens.refresh_token)
    assert isinstance(refused.value, DomainError)
    assert refused.value.reason is Reason.BANK_CONSENT_REQUIRED


def test_a_customer_who_approves_comes_back_with_a_code_that_gives_tokens(world: GatewayWorld) -> None:
    answer = world.decide("approve")
    assert answer["state"] == STATE

    tokens = world.gateway.exchange_code(code=answer["code"], code_verifier=VERIFIER)

    assert tokens.access_token
    assert tokens.refresh_token
    assert tokens.provider_user_id
    assert tokens.scope
    assert tokens.expires_at == world.clock.now() + timedelta(hours=6)
    assert tokens.access_token not in repr(tokens)
    assert tokens.refresh_token not in repr(tokens)


def test_a_customer_who_denies_comes_back_without_a_code(world: GatewayWorld) -> None:
    brought = {"error": "access_denied", "state": STATE, "iss": world.gateway.issuer}

    assert world.decide("deny") == brought


def test_a_code_is_good_once_and_only_with_its_verifier(world: GatewayWorld) -> None:
    first, second = world.decide("approve")["code"], world.decide("approve")["code"]
    world.gateway.exchange_code(code=first, code_verifier=VERIFIER)

    for code, verifier in [(first, VERIFIER), (second, VERIFIER[::-1]), ("made-up", VERIFIER)]:
        with pytest.raises(DomainError) as refused:
            world.gateway.exchange_code(code=code, code_verifier=verifier)
        assert refused.value.reason is Reason.BANK_CONSENT_REQUIRED
        assert refused.value.details == {}


def test_refreshing_gives_new_tokens_and_uses_the_old_ones_up(
    world: GatewayWorld, tokens: BankTokens
) -> None:
    assert tokens.refresh_token is not None
    world.clock.advance(timedelta(hours=1))

    fresh = world.gateway.refresh(refresh_token=tokens.refresh_token)

    assert fresh.expires_at == world.clock.now() + timedelta(hours=6)
    assert fresh.provider_user_id == tokens.provider_user_id
    assert world.gateway.list_accounts(access_token=fresh.access_token).accounts
    with pytest.raises(AccessTokenRefused):
        world.gateway.list_accounts(access_token=tokens.access_token)
    with pytest.raises(DomainError) as refused:
        world.gateway.refresh(refresh_token=tokens.refresh_token)
    assert refused.value.reason is Reason.BANK_CONSENT_REQUIRED


def test_an_access_token_says_whom_it_stands_for_where_the_bank_tells(
    world: GatewayWorld, tokens: BankTokens
) -> None:
    identity = world.gateway.whoami(access_token=tokens.access_token)

    assert identity.authenticated
    assert identity.provider_user_id in (None, tokens.provider_user_id)
    with pytest.raises(AccessTokenRefused):
        world.gateway.whoami(access_token="made-up")


def test_accounts_of_known_kinds_are_listed_closed_ones_too(world: GatewayWorld, tokens: BankTokens) -> None:
    shown = world.gateway.list_accounts(access_token=tokens.access_token)
    accounts = shown.accounts

    assert shown.unread == ()
    assert {(account.name, account.account_type, str(account.currency)) for account in accounts} == {
        ("Current Account", AccountType.CHECKING, "GBP"),
        ("Joint Account", AccountType.CHECKING, "GBP"),
        ("Euro Business", AccountType.CHECKING, "EUR"),
        ("Flex", AccountType.CREDIT, "GBP"),
        ("Old Prepaid Card", AccountType.CHECKING, "GBP"),
    }
    assert [account.name for account in accounts if account.is_closed] == ["Old Prepaid Card"]
    for account in accounts:
        assert account.last_four == world.at_the_bank(account).account_number[-4:]


def test_the_balance_says_whether_it_counts_what_is_pending_and_may_be_below_zero(
    world: GatewayWorld, tokens: BankTokens
) -> None:
    model, account = world.bank.model, world.account(tokens)
    model.books.set_balance(account.external_id, 1_000)

    model.books.add_transaction(account.external_id, -2_550, pending=True)

    balance = world.gateway.get_balance(access_token=tokens.access_token, account=account)
    shown = world.at_the_bank(account)
    expected = shown.balance if balance.counts_pending else shown.booked_balance
    assert shown.balance == -1_550
    assert balance.amount == Money(Decimal(expected).scaleb(-2), account.currency)


@pytest.mark.parametrize("label", ["Current Account", "Euro Business", "Flex", "Old Prepaid Card"])
def test_the_pages_together_hold_every_movement_once_and_sum_up_to_the_balance(
    world: GatewayWorld, tokens: BankTokens, label: str
) -> None:
    account = world.account(tokens, label)
    movements = world.at_the_bank(account).movements

    world.clock.advance(timedelta(milliseconds=1))
    pages = world.pages(tokens, account)

    found = [transaction for page in pages for transaction in page.movements]
    void = [external_id for page in pages for external_id in page.void_ids]
    assert sorted(transaction.external_id for transaction in found) == sorted(
        movement.id for movement in movements.values() if movement.stands and movement.amount
    )
    assert sorted(void) == sorted(
        movement.id for movement in movements.values() if not movement.stands or not movement.amount
    )
    for transaction in found:
        movement = movements[transaction.external_id]
        assert transaction.direction is (Direction.DEBIT if movement.amount < 0 else Direction.CREDIT)
        assert transaction.amount.amount == Decimal(abs(movement.amount)) / 100
        assert transaction.amount.currency == account.currency
        assert transaction.posted_at == movement.created
        assert transaction.pending == movement.is_pending
    assert world.dialect is not MONZO or label != "Current Account" or len(pages) == 2


def test_exactly_one_full_page_is_followed_by_no_movement(world: GatewayWorld, tokens: BankTokens) -> None:
    customer = world.customer()
    account = world.bank.model.books.open_account(
        customer.user_id, kind="uk_retail", currency="JPY", description="Yen"
    )
    for _ in range(100):
        world.bank.model.books.add_transaction(account.id, 500)
    world.clock.advance(timedelta(seconds=1))

    pages = world.pages(tokens, world.account(tokens, "Yen"))

    found = [transaction for page in pages for transaction in page.movements]
    assert {transaction.external_id for transaction in found} == set(account.movements)
    assert {str(transaction.amount) for transaction in found} == {"500"}


def test_a_span_holds_its_first_instant_and_not_its_last(world: GatewayWorld, tokens: BankTokens) -> None:
    model, account, now = world.bank.model, world.account(tokens), world.clock.now()
    instants = [now + timedelta(milliseconds=step) for step in (0, 1, 2, 999, 1_000)]
    made = [model.books.add_transaction(account.external_id, -100, created=at).id for at in instants]
    declined = model.books.add_transaction(
        account.external_id, -100, created=instants[2], decline_reason="OTHER"
    ).id

    (page,) = world.pages(tokens, account, since=instants[1], before=instants[4])

    assert {transaction.external_id for transaction in page.movements} == set(made[1:4])
    assert page.void_ids == {declined}


def test_what_is_pending_keeps_its_id_when_it_settles_otherwise_or_is_declined(
    world: GatewayWorld, tokens: BankTokens
) -> None:
    model, account, now = world.bank.model, world.account(tokens), world.clock.now()
    settled = model.books.add_transaction(
        account.external_id, -1_000, merchant_name="Corner Grocers", notes="milk"
    )
    declined = model.books.add_transaction(account.external_id, -2_000, description="Petrol")

    world.clock.advance(timedelta(seconds=1))
    (before,) = world.pages(tokens, account, since=now)
    model.books.settle(settled.id, amount=-1_250)
    model.books.decline(declined.id)
    (after,) = world.pages(tokens, account, since=now)

    assert {found.external_id: found.pending for found in before.movements} == {
        settled.id: True,
        declined.id: True,
    }
    assert {found.description for found in before.movements} >= {"Petrol"}
    assert any(found.description.startswith("Corner Grocers") for found in before.movements)
    (stands,) = after.movements
    assert (stands.external_id, str(stands.amount), stands.pending) == (settled.id, "12.50", False)
    assert stands.posted_at == settled.created
    assert after.void_ids == {declined.id}


def test_an_access_token_that_expired_is_refused_and_refreshing_helps(
    world: GatewayWorld, tokens: BankTokens
) -> None:
    assert tokens.refresh_token is not None
    account = world.account(tokens)
    world.clock.advance(timedelta(hours=6))

    for ask in (
        lambda: world.gateway.list_accounts(access_token=tokens.access_token),
        lambda: world.gateway.get_balance(access_token=tokens.access_token, account=account),
        lambda: world.pages(tokens, account),
    ):
        with pytest.raises(AccessTokenRefused):
            ask()

    assert world.pages(world.gateway.refresh(refresh_token=tokens.refresh_token), account)


def test_a_consent_that_expired_never_looks_like_success(world: GatewayWorld, tokens: BankTokens) -> None:
    world.bank.model.expire_consents()

    assert_access_is_over(world, tokens)


def test_a_consent_ends_by_itself_after_ninety_days(world: GatewayWorld, tokens: BankTokens) -> None:
    assert tokens.refresh_token is not None
    world.clock.advance(timedelta(days=89))
    tokens = world.gateway.refresh(refresh_token=tokens.refresh_token)

    world.clock.advance(timedelta(days=1))

    assert_access_is_over(world, tokens)


def test_a_customer_who_takes_his_access_back_at_the_bank_must_consent_again(
    world: GatewayWorld, tokens: BankTokens
) -> None:
    world.bank.model.revoke_tokens()

    assert_access_is_over(world, tokens)


def test_revoking_ends_the_access(world: GatewayWorld, tokens: BankTokens) -> None:
    world.gateway.revoke(access_token=tokens.access_token, provider_user_id=tokens.provider_user_id)

    assert_access_is_over(world, tokens)


def test_another_customers_account_is_an_error_and_not_an_empty_one(
    world: GatewayWorld, tokens: BankTokens
) -> None:
    others = world.account(world.connect(name="Somebody Else"))

    for ask in (
        lambda: world.gateway.get_balance(access_token=tokens.access_token, account=others),
        lambda: world.pages(tokens, others),
    ):
        with pytest.raises(DomainError) as refused:
            ask()
        assert refused.value.reason is Reason.BANK_API_ERROR


def test_a_payments_state_is_told(world: GatewayWorld, tokens: BankTokens) -> None:
    model, account = world.bank.model, world.account(tokens, "Joint Account")
    done = model.books.add_transaction(account.external_id, -100, pending=False)
    failed = model.books.add_transaction(account.external_id, -100, decline_reason="INSUFFICIENT_FUNDS")
    world.clock.advance(timedelta(seconds=1))

    def state_of(external_id: str) -> BankPaymentState:
        return world.gateway.get_payment_status(
            access_token=tokens.access_token, external_transaction_id=external_id
        )

    assert state_of(done.id) is BankPaymentState.COMPLETED
    assert state_of(failed.id) is BankPaymentState.FAILED
    with pytest.raises(DomainError) as refused:
        state_of("tx/../accounts?x=1")
    assert refused.value.reason is Reason.PAYMENT_NOT_FOUND


def test_every_call_is_counted_under_the_providers_name(world: GatewayWorld, tokens: BankTokens) -> None:
    world.account(tokens)

    assert (world.gateway.provider, "list_accounts", "success") in world.calls.requests
    assert {provider for provider, _, _ in world.calls.requests} == {world.dialect.provider}
    assert world.calls.states == [(world.dialect.provider, "closed")]
