"""A journal entry cannot be unbalanced, and its reversal undoes it exactly."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.support.scenes.domain_samples import GBP, NOW, gbp

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ledger.journal import (
    ClearingAccount,
    CustomerAccount,
    Direction,
    EntryKind,
    JournalEntry,
    LedgerAccount,
    Posting,
    movement,
    reversal,
)
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.money.money import Money

PLACES: list[LedgerAccount] = [
    CustomerAccount(UUID(int=1)),
    CustomerAccount(UUID(int=2)),
    ClearingAccount(UUID(int=1)),
    ClearingAccount(UUID(int=2)),
]
# Three of them together are no more than storage holds.
amounts = st.integers(1, 10**15 // 3).map(lambda minor_units: Money(Decimal(minor_units).scaleb(-2), GBP))


def posting(place: LedgerAccount, direction: Direction, amount: Money) -> Posting:
    return Posting(id=UUID(int=100), account=place, direction=direction, amount=amount)


def entry(*postings: Posting, **fields: Any) -> JournalEntry:
    defaults = {
        "id": UUID(int=7),
        "kind": EntryKind.PAYMENT,
        "description": "Rent",
        "posted_at": NOW,
        "inserted_at": NOW,
    }
    return JournalEntry(**{**defaults, "postings": postings, **fields})


def total(entry: JournalEntry) -> Decimal:
    return sum((posting.signed_amount.amount for posting in entry.postings), Decimal(0))


any_postings = st.lists(
    st.builds(posting, st.sampled_from(PLACES), st.sampled_from(Direction), amounts), max_size=4
)


@st.composite
def balanced_entries(draw: st.DrawFn) -> JournalEntry:
    places = draw(st.permutations(PLACES))[: draw(st.integers(2, 4))]
    parts = [draw(amounts) for _ in places[1:]]
    direction = draw(st.sampled_from(Direction))
    whole = parts[0]
    for part in parts[1:]:
        whole += part
    return entry(
        posting(places[0], direction, whole),
        *[posting(place, direction.opposite, part) for place, part in zip(places[1:], parts, strict=True)],
    )


@given(any_postings)
def test_no_unbalanced_entry_can_be_built(postings: list[Posting]) -> None:
    balance = sum((posting.signed_amount.amount for posting in postings), Decimal(0))
    try:
        built = entry(*postings)
    except ValueError:
        places = {posting.account for posting in postings}
        assert balance != 0 or len(postings) < 2 or len(places) < len(postings)
    else:
        assert total(built) == 0
        assert len(built.postings) >= 2


@given(balanced_entries(), st.integers(1, 10**6))
def test_a_balanced_entry_with_any_amount_changed_cannot_be_built(
    balanced: JournalEntry, minor_units: int
) -> None:
    first = balanced.postings[0]
    amount = first.amount + Money(Decimal(minor_units).scaleb(-2), GBP)
    assume(amount.is_representable)
    changed = posting(first.account, first.direction, amount)

    with pytest.raises(ValueError, match="unbalanced"):
        entry(changed, *balanced.postings[1:])


@given(balanced_entries())
def test_a_reversal_mirrors_every_posting_and_its_own_reversal_is_the_original_again(
    original: JournalEntry,
) -> None:
    ids = [UUID(int=200 + number) for number in range(len(original.postings))]

    undone = reversal(original, entry_id=UUID(int=8), posting_ids=ids, description="Undone", at=NOW)
    redone = reversal(undone, entry_id=UUID(int=9), posting_ids=ids, description="Redone", at=NOW)

    assert total(undone) == 0
    assert undone.kind is EntryKind.REVERSAL
    assert undone.reverses_entry_id == original.id
    assert redone.reverses_entry_id == undone.id
    assert undone.payment_id is None
    for before, mirrored, after in zip(original.postings, undone.postings, redone.postings, strict=True):
        assert before.signed_amount == -mirrored.signed_amount == after.signed_amount
        assert before.account == mirrored.account == after.account


def test_a_reversal_needs_an_id_for_each_posting() -> None:
    original = entry(
        posting(PLACES[0], Direction.CREDIT, gbp(1)), posting(PLACES[2], Direction.DEBIT, gbp(1))
    )

    with pytest.raises(ValueError, match="zip"):
        reversal(original, entry_id=UUID(int=8), posting_ids=[UUID(int=200)], description="Undone", at=NOW)


@pytest.mark.parametrize("amount", ["0", "-0.01"])
def test_a_posting_moves_a_positive_amount(amount: str) -> None:
    with pytest.raises(DomainError, match="amount_too_small"):
        posting(PLACES[0], Direction.CREDIT, gbp(amount))


def test_a_posting_moves_no_more_than_storage_holds() -> None:
    assert posting(PLACES[0], Direction.CREDIT, gbp("9999999999999.99")).amount.is_representable
    with pytest.raises(DomainError, match="amount_exceeds_limit"):
        posting(PLACES[0], Direction.CREDIT, gbp("10000000000000"))


def test_an_entry_has_two_postings_at_least() -> None:
    for postings in ((), (posting(PLACES[0], Direction.CREDIT, gbp(1)),)):
        with pytest.raises(ValueError, match="at least two"):
            entry(*postings)


def test_an_entry_touches_an_account_once() -> None:
    with pytest.raises(ValueError, match="once"):
        entry(posting(PLACES[0], Direction.CREDIT, gbp(1)), posting(PLACES[0], Direction.DEBIT, gbp(1)))


def test_a_customers_and_a_clearing_account_of_one_id_are_two_places() -> None:
    same_id = UUID(int=1)
    built = entry(
        posting(CustomerAccount(same_id), Direction.CREDIT, gbp(1)),
        posting(ClearingAccount(same_id), Direction.DEBIT, gbp(1)),
    )

    assert total(built) == 0


def test_an_entry_has_one_currency() -> None:
    yen = Money(Decimal(1), CURRENCIES["JPY"])

    with pytest.raises(ValueError, match="cannot combine"):
        entry(posting(PLACES[0], Direction.CREDIT, gbp(1)), posting(PLACES[2], Direction.DEBIT, yen))


@pytest.mark.parametrize("kind", EntryKind)
def test_a_reversal_and_nothing_else_names_the_entry_it_reverses(kind: EntryKind) -> None:
    lines = (posting(PLACES[0], Direction.CREDIT, gbp(1)), posting(PLACES[2], Direction.DEBIT, gbp(1)))
    names_another = kind is EntryKind.REVERSAL

    entry(*lines, kind=kind, reverses_entry_id=UUID(int=6) if names_another else None)
    with pytest.raises(ValueError, match="reversal"):
        entry(*lines, kind=kind, reverses_entry_id=None if names_another else UUID(int=6))


@pytest.mark.parametrize("direction", Direction)
def test_a_movement_is_the_amount_on_the_account_against_one_other(direction: Direction) -> None:
    built = movement(
        entry_id=UUID(int=7),
        posting_ids=(UUID(int=100), UUID(int=101)),
        kind=EntryKind.PAYMENT,
        account=CustomerAccount(UUID(int=1)),
        against=ClearingAccount(UUID(int=2)),
        direction=direction,
        amount=gbp("5.50"),
        description="Rent",
        at=NOW,
        payment_id=UUID(int=41),
    )

    own, counter = built.postings
    assert (own.id, own.account, own.direction, own.amount) == (
        UUID(int=100),
        CustomerAccount(UUID(int=1)),
        direction,
        gbp("5.50"),
    )
    assert (counter.account, counter.direction) == (ClearingAccount(UUID(int=2)), direction.opposite)
    assert (built.currency, built.posted_at, built.inserted_at) == (GBP, NOW, NOW)


def test_credit_adds_and_debit_takes() -> None:
    assert posting(PLACES[0], Direction.CREDIT, gbp(2)).signed_amount == gbp(2)
    assert posting(PLACES[0], Direction.DEBIT, gbp(2)).signed_amount == gbp(-2)
    assert [direction.opposite.opposite for direction in Direction] == list(Direction)
