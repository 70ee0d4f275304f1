"""Whatever statements are brought of an account, in whichever order, its books are what its bank says."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest
from tests.support.refusals import refused
from tests.support.scenes.statement_desk import BankTruth, StatementDesk, day, file_of, loose, pounds, told

from ledgerbank_domain.banking.account import AccountSource
from ledgerbank_domain.banking.statement_file import StatementFormat
from ledgerbank_domain.banking.statement_import import BalanceSide, ImportState, Verdict

TRUTH = BankTruth(
    Decimal(100),
    (
        told(2, -3, "Coffee"),
        told(2, -3, "Coffee"),
        told(4, 50, "Salary"),
        told(8, -20, "Rent"),
        told(9, -3, "Coffee"),
        told(12, -3, "Coffee"),
        told(15, "-7.50", "Bus"),
    ),
)
ALL_DAYS = range(1, 21)


def test_a_preview_tells_what_would_be_and_books_nothing(desk: StatementDesk) -> None:
    preview = desk.preview(file_of(TRUTH.statement(1, 20)))

    assert preview.state is ImportState.PREVIEWED
    assert preview.counts == {
        Verdict.NEW: 7,
        Verdict.KNOWN: 0,
        Verdict.DOUBTFUL: 0,
        Verdict.PENDING: 0,
    }
    assert [check.gap for check in preview.checks] == [pounds(0), pounds(0)]
    assert desk.lines() == []
    assert desk.balance() == 0
    with desk.start_unit_of_work() as work:
        assert work.accounts.get(desk.account.id).source is AccountSource.NONE


def test_the_first_statement_opens_the_account(desk: StatementDesk) -> None:
    confirmed = desk.bring(file_of(TRUTH.statement(1, 20)))

    assert (confirmed.state, confirmed.changed, confirmed.judged) == (ImportState.CONFIRMED, 0, ())
    desk.assert_true(TRUTH, ALL_DAYS)
    assert desk.lines()[0].kind.value == "OPENING"
    with desk.start_unit_of_work() as work:
        assert work.accounts.get(desk.account.id).source is AccountSource.FILES
    assert "account.statement_imported" in desk.world.audit_names(desk.account.id)


@pytest.mark.parametrize("balances", ["both", "opening", "closing"])
@pytest.mark.parametrize(
    "cuts",
    [
        [(1, 10), (11, 20)],
        [(11, 20), (1, 10)],
        [(1, 20), (1, 20)],
        [(1, 12), (8, 20), (1, 20)],
        [(15, 20), (8, 15), (1, 9), (2, 16)],
        [(1, 5), (15, 20), (5, 15)],
    ],
    ids=str,
)
def test_overlapping_statements_in_any_order_make_one_history(
    desk: StatementDesk, cuts: list[tuple[int, int]], balances: str
) -> None:
    for first, last in cuts:
        desk.bring(file_of(TRUTH.statement(first, last, balances=balances)))

    desk.assert_true(TRUTH, ALL_DAYS)


def test_a_gap_between_statements_is_named_and_stands_until_a_file_fills_it(desk: StatementDesk) -> None:
    desk.bring(file_of(TRUTH.statement(1, 5)))

    preview = desk.preview(file_of(TRUTH.statement(11, 20)))
    (check,) = [each for each in preview.checks if each.side is BalanceSide.OPENING]

    assert (check.gap, check.since, check.on) == (pounds(-23), day(5), day(11))
    desk.confirm(preview)
    assert ("RECONCILIATION", "-23.00", "Gap between statements", day(10).isoformat()) in desk.books()
    assert desk.balance() == TRUTH.balance_before(21)
    desk.bring(file_of(TRUTH.statement(6, 10)))
    desk.assert_true(TRUTH, ALL_DAYS)


def test_an_older_statement_fills_the_history_before_the_opening(desk: StatementDesk) -> None:
    desk.bring(file_of(TRUTH.statement(11, 20)))
    opened = desk.books()[0]

    desk.bring(file_of(TRUTH.statement(1, 10)))

    assert opened == ("OPENING", "121.00", "Opening balance", day(10).isoformat())
    assert desk.books()[0] == ("OPENING", "100.00", "Opening balance", day(0).isoformat())
    desk.assert_true(TRUTH, ALL_DAYS)


def test_a_statement_made_in_the_middle_of_a_day_is_gone_on_from(desk: StatementDesk) -> None:
    before_noon = BankTruth(Decimal(10), (told(1, -1, "A"), told(2, -2, "Coffee")))
    whole = BankTruth(Decimal(10), (*before_noon.movements, told(2, -2, "Coffee"), told(3, -4, "B")))
    desk.bring(file_of(before_noon.statement(1, 2)))

    desk.bring(file_of(whole.statement(1, 3)))

    desk.assert_true(whole, range(1, 5))


def test_statements_that_divide_a_day_between_them_make_one_day(desk: StatementDesk) -> None:
    whole = BankTruth(Decimal(10), (told(1, -1, "A"), told(2, -2), told(2, -2), told(3, -4, "B")))
    morning = BankTruth(Decimal(10), whole.movements[:2]).statement(1, 2)
    evening = BankTruth(Decimal(7), whole.movements[2:]).statement(2, 3)

    desk.bring(file_of(evening))
    desk.bring(file_of(morning))
    desk.bring(file_of(evening))

    desk.assert_true(whole, [1, 3, 4])


def test_what_lies_between_the_statements_of_a_file_is_none_of_its_movements(desk: StatementDesk) -> None:
    whole = BankTruth(Decimal(50), (told(3, -3), told(5, -3), told(12, -3)))
    desk.bring(file_of(whole.statement(4, 9)))

    desk.bring(file_of(whole.statement(10, 12), whole.statement(1, 3)))

    desk.assert_true(whole, range(1, 14))


def test_movements_without_any_balance_are_booked_and_nothing_is_invented(desk: StatementDesk) -> None:
    confirmed = desk.bring(loose(told(1, -5, "A"), told(2, 7, "B")))
    again = desk.bring(loose(told(1, -5, "A"), told(2, 7, "B"), told(2, 7, "B")))

    assert confirmed.checks == ()
    assert (again.counts[Verdict.KNOWN], again.counts[Verdict.NEW]) == (2, 1)
    assert desk.balance() == 9
    assert {kind for kind, *_ in desk.books()} == {"IMPORT"}


def test_another_format_tells_of_the_same_movements(desk: StatementDesk) -> None:
    desk.bring(file_of(TRUTH.statement(1, 20)))

    shouted = [told(each.number + 1, each.amount, each.text.upper()) for each in TRUTH.movements]
    again = desk.bring(loose(*shouted))

    assert again.counts[Verdict.NEW] == 0
    desk.assert_true(TRUTH, ALL_DAYS)


def test_a_file_that_contradicts_itself_is_told_and_proves_nothing(desk: StatementDesk) -> None:
    desk.bring(file_of(TRUTH.statement(1, 10)))
    wrong = TRUTH.statement(11, 20)
    assert wrong.opening is not None
    wrong_opening = wrong.opening.__class__(amount=pounds(999), on=wrong.opening.on)
    twisted = TRUTH.statement(11, 20, opening=wrong_opening)

    preview = desk.preview(file_of(twisted))
    desk.confirm(preview)

    assert preview.contradicts_itself
    desk.assert_true(TRUTH, ALL_DAYS)


def test_ids_that_banks_give_twice_or_anew_hide_no_movement(desk: StatementDesk) -> None:
    first = BankTruth(Decimal(0), (told(1, 10, "A", "1"), told(2, -4, "B", "2")))
    reused = BankTruth(Decimal(6), (told(3, -5, "C", "1"), told(9, -4, "B", "2")))
    renamed = BankTruth(Decimal(6), (told(3, -5, "C", "8"), told(9, -4, "B", "9")))
    desk.bring(file_of(first.statement(1, 2), format=StatementFormat.OFX))

    desk.bring(file_of(reused.statement(3, 9), format=StatementFormat.OFX))
    again = desk.bring(file_of(renamed.statement(3, 9), format=StatementFormat.OFX))

    assert again.counts[Verdict.NEW] == 0
    desk.assert_true(BankTruth(Decimal(0), (*first.movements, *reused.movements)), range(1, 11))


def test_what_may_be_one_of_two_waits_for_its_owner(desk: StatementDesk) -> None:
    desk.bring(
        file_of(
            BankTruth(Decimal(0), (told(3, -5, "Shop"), told(6, -5, "Shop"))).statement(1, 9, balances="no")
        )
    )
    preview = desk.preview(loose(told(4, -5, "SHOP")))
    (doubtful,) = preview.judged

    assert doubtful.verdict is Verdict.DOUBTFUL
    assert set(doubtful.line_ids) == {line.id for line in desk.lines()}
    undecided = desk.confirm(preview)
    assert (undecided.counts[Verdict.DOUBTFUL], desk.balance()) == (1, Decimal(-10))
    known = desk.confirm(desk.preview(loose(told(4, -5, "SHOP"))), {1: doubtful.line_ids[0]})
    assert (known.counts[Verdict.KNOWN], desk.balance()) == (1, Decimal(-10))
    new = desk.confirm(desk.preview(loose(told(4, -5, "SHOP"))), {1: None})
    assert (new.counts[Verdict.NEW], desk.balance()) == (1, Decimal(-15))


def test_a_decision_that_cannot_be_is_refused_and_books_nothing(desk: StatementDesk) -> None:
    desk.bring(file_of(BankTruth(Decimal(0), (told(3, -5, "Shop"), told(6, -5, "Shop"))).statement(1, 9)))
    preview = desk.preview(loose(told(4, -5, "SHOP"), told(8, -1, "New")))

    wrong: list[dict[int, UUID | None]] = [{1: preview.id}, {9: None}, {0: None}]
    assert {refused(partial(desk.confirm, preview, each)) for each in wrong} == {"invalid_field_format"}
    assert desk.balance() == -10


def test_a_confirmed_import_is_not_confirmed_again_and_an_expired_one_is_gone(desk: StatementDesk) -> None:
    preview = desk.preview(file_of(TRUTH.statement(1, 20)))
    late = desk.preview(file_of(TRUTH.statement(1, 20)))
    desk.confirm(preview)

    assert refused(lambda: desk.confirm(preview)) == "already_processed"
    desk.clock.advance(timedelta(days=1))
    assert refused(lambda: desk.confirm(late)) == "resource_not_found"
    assert refused(lambda: desk.found(late)) == "resource_not_found"
    assert desk.found(preview).counts[Verdict.NEW] == 7


def test_the_books_decide_when_they_moved_since_the_preview(desk: StatementDesk) -> None:
    early = desk.preview(file_of(TRUTH.statement(1, 20)))
    desk.bring(file_of(TRUTH.statement(1, 10)))

    confirmed = desk.confirm(early)

    assert (confirmed.changed, confirmed.counts[Verdict.NEW]) == (5, 2)
    desk.assert_true(TRUTH, ALL_DAYS)
