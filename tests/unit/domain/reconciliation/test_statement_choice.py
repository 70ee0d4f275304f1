"""A file is of the account that it is brought to, or it is refused by name."""

from dataclasses import replace

import pytest
from tests.support.refusals import refusal_of, refused
from tests.support.scenes.domain_samples import an_account
from tests.support.scenes.statement_desk import BankTruth, file_of

from ledgerbank_domain.banking.statement_file import FiledStatement
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.reconciliation.statement_choice import statements_of


def a_statement(number: str | None, currency: str = "GBP") -> FiledStatement:
    statement = BankTruth(opening=1, movements=()).statement(1, 2)  # type: ignore[arg-type]
    return replace(statement, account_number=number, currency=parse_currency(currency))


@pytest.mark.parametrize(
    ("last_four", "external_id", "numbers", "chosen"),
    [
        ("1234", None, ["GB29NWBK60161300001234"], [0]),
        ("1234", None, ["GB29 NWBK 6016 1300 0012 34"], [0]),
        ("1234", None, ["00009999", "00001234"], [1]),
        ("1234", None, [None], [0]),
        (None, None, ["00009999"], [0]),
        (None, None, ["00009999", "0000 9999"], [0, 1]),
        ("1234", None, ["00001234", None], [0]),
        (None, "FR76 3000 6000 0112 3456 7890 189", ["FR7630006000011234567890189", "00009999"], [0]),
        ("1234", None, ["**34"], [0]),
    ],
)
def test_the_statements_of_the_account_are_taken(
    last_four: str | None, external_id: str | None, numbers: list[str | None], chosen: list[int]
) -> None:
    account = an_account(last_four=last_four, external_account_id=external_id)
    statements = [a_statement(number) for number in numbers]

    assert statements_of(account, file_of(*statements)) == tuple(statements[place] for place in chosen)


@pytest.mark.parametrize(
    ("last_four", "numbers", "told"),
    [
        ("1234", ["00009999"], ["9999 GBP"]),
        ("1234", ["00009999", "00008888"], ["9999 GBP", "8888 GBP"]),
        (None, ["00009999", "00008888"], ["9999 GBP", "8888 GBP"]),
        (None, ["00009999", None], ["9999 GBP", "? GBP"]),
    ],
)
def test_a_file_about_others_is_refused_and_says_about_whom(
    last_four: str | None, numbers: list[str | None], told: list[str]
) -> None:
    account = an_account(last_four=last_four, external_account_id=None)

    refusal = refusal_of(lambda: statements_of(account, file_of(*map(a_statement, numbers))))

    assert (refusal.reason.code, refusal.details["accounts"]) == ("statement_of_another_account", told)


def test_another_currency_is_another_account() -> None:
    file = file_of(a_statement(None, "EUR"))

    assert refused(lambda: statements_of(an_account(), file)) == "statement_of_another_account"


def test_a_file_without_a_statement_is_none() -> None:
    assert refused(lambda: statements_of(an_account(), file_of())) == "invalid_statement_file"
