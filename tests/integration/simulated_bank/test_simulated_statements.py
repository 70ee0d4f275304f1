"""Statements that the simulated bank offers as files: of the same books as its feeds, and they tie."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]  # has none
from ofxtools.Parser import OFXTree
from tests.support.scenes.bank_customers import HTTP, START, MonzoClient, control

from ledgerbank_adapters.simulated_bank.books.simulated_account import SimulatedAccount

Figures = tuple[Decimal | None, Decimal, list[tuple[date, Decimal]]]


def download(client: MonzoClient, account_id: str, **query: str) -> bytes:
    answer = HTTP.get(f"{client.bank.url}/_control/accounts/{account_id}/statement", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith('attachment; filename="')
    return answer.content


def read_camt053(content: bytes) -> Figures:
    root: Any = fromstring(content)
    space = root.tag.partition("}")[0] + "}"

    def value(element: Any, path: str) -> str:
        return str(element.find("/".join(space + name for name in path.split("/"))).text)

    def signed(element: Any) -> Decimal:
        return Decimal(value(element, "Amt")) * (-1 if value(element, "CdtDbtInd") == "DBIT" else 1)

    balances = {value(each, "Tp/CdOrPrtry/Cd"): signed(each) for each in root.iter(f"{space}Bal")}
    entries = [
        (date.fromisoformat(value(each, "BookgDt/Dt")), signed(each)) for each in root.iter(f"{space}Ntry")
    ]
    return balances["OPBD"], balances["CLBD"], entries


def read_ofx(content: bytes) -> Figures:
    tree: Any = OFXTree()
    tree.parse(io.BytesIO(content))
    (statement,) = tree.convert().statements
    return (
        None,
        statement.ledgerbal.balamt,
        [(each.dtposted.date(), each.trnamt) for each in statement.transactions],
    )


def read_csv(content: bytes) -> Figures:
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))[::-1]

    def signed(row: dict[str, str]) -> Decimal:
        return Decimal(row["Credit Amount"] or 0) - Decimal(row["Debit Amount"] or 0)

    def day(row: dict[str, str]) -> date:
        days, months, years = map(int, row["Transaction Date"].split("/"))
        return date(years, months, days)

    opening = Decimal(rows[0]["Balance"]) - signed(rows[0])
    return opening, Decimal(rows[-1]["Balance"]), [(day(row), signed(row)) for row in rows]


READERS = {
    "camt053": read_camt053,
    "camt053.02": read_camt053,
    "ofx": read_ofx,
    "ofx2": read_ofx,
    "csv": read_csv,
}


def booked(account: SimulatedAccount) -> list[tuple[date, Decimal]]:
    """What the bank's books say, by the day."""
    settled = [each for each in account.movements.values() if each.stands and each.settled and each.amount]
    settled.sort(key=lambda each: (each.settled, each.place))
    return [(each.settled.date(), Decimal(each.amount) / 100) for each in settled if each.settled]


@pytest.mark.parametrize("file_format", READERS)
@pytest.mark.parametrize("label", ["Current Account", "Euro Business", "Flex"])
def test_a_statement_has_every_booked_movement_between_balances_that_tie(
    monzo: MonzoClient, file_format: str, label: str
) -> None:
    shown = {each["description"]: each["id"] for each in monzo.get("/accounts").json()["accounts"]}
    account = monzo.bank.model.books.account(shown[label])

    opening, closing, lines = READERS[file_format](download(monzo, account.id, format=file_format))

    assert lines == booked(account)
    assert closing == Decimal(account.booked_balance) / 100
    if opening is not None:
        assert opening == Decimal(account.opening_balance) / 100
        assert opening + sum(amount for _, amount in lines) == closing


@pytest.mark.parametrize("file_format", READERS)
def test_statements_of_days_that_follow_each_other_are_one_history(
    monzo: MonzoClient, file_format: str
) -> None:
    account = monzo.bank.model.books.account(monzo.account_id())
    middle = START.date() - timedelta(days=40)
    earlier = READERS[file_format](download(monzo, account.id, format=file_format, to=str(middle)))
    later = READERS[file_format](
        download(monzo, account.id, format=file_format, **{"from": str(middle + timedelta(days=1))})
    )

    assert earlier[2] + later[2] == booked(account)
    assert earlier[2][-1][0] <= middle < later[2][0][0]
    assert later[0] in (None, earlier[1])


def test_what_settles_late_or_was_entered_late_changes_no_statement_of_before(monzo: MonzoClient) -> None:
    account_id, yesterday = monzo.account_id(), str(START.date() - timedelta(days=1))
    before = download(monzo, account_id, format="csv", to=yesterday)
    control(
        monzo.bank,
        "POST",
        f"/accounts/{account_id}/transactions",
        {"amount": -4200, "pending": False, "created": "2026-02-20T08:00:00Z", "description": "Late <&> ü"},
    )

    assert download(monzo, account_id, format="csv", to=yesterday) == before
    _, _, today = read_camt053(download(monzo, account_id, format="camt053", **{"from": str(START.date())}))
    assert today == [(START.date(), Decimal("-42.00"))]
    assert b"Late &lt;&amp;&gt; \xfc" in download(monzo, account_id, format="ofx")
    assert "Late <&> ü" in download(monzo, account_id, format="csv").decode("utf-8-sig")


def test_an_account_has_one_iban_whose_check_digits_hold(monzo: MonzoClient) -> None:
    content = download(monzo, monzo.account_id(), format="camt053").decode()
    iban = content.partition("<IBAN>")[2].partition("</IBAN>")[0]
    assert (iban[:2], iban[4:14], len(iban)) == ("GB", "SIMB040004", 22)
    assert int("".join(str(int(each, 36)) for each in iban[4:] + iban[:4])) % 97 == 1


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"format": "pdf"}, 400),
        ({"format": "csv", "from": "02/03/2026"}, 400),
        ({"format": "csv", "from": "2026-03-02", "to": "2026-03-01"}, 400),
    ],
)
def test_a_statement_that_cannot_be_is_refused(
    monzo: MonzoClient, query: dict[str, str], status: int
) -> None:
    address = f"{monzo.bank.url}/_control/accounts/{{}}/statement"
    answer = HTTP.get(address.format(monzo.account_id()), params=query)
    assert (answer.status_code, answer.json()["error"][-1]) == (status, ".")
    assert HTTP.get(address.format("acc_unknown"), params={"format": "csv"}).status_code == 404
    hostile = {"Origin": "http://evil.example"}
    assert HTTP.get(address.format(monzo.account_id()), headers=hostile).status_code == 403
