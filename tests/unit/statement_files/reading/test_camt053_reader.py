"""What stands in a camt.053 file, as banks write it, and what is read of it."""

from datetime import UTC, date, datetime

import pytest
from tests.support.scenes.camt_file import (
    camt_balance,
    camt_document,
    camt_entry,
    camt_file,
    camt_payment,
    camt_statement,
)

from ledgerbank_adapters.statement_files.reading import camt053_document
from ledgerbank_adapters.statement_files.reading.camt053_reader import read_camt053
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind
from ledgerbank_domain.banking.statement_file import FiledMovement, FiledStatement
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import StatementHints

HINTS = StatementHints(currency=parse_currency("GBP"))
OPENING = camt_balance("OPBD", "100.00", "2026-01-01")


def statements_of(content: bytes) -> tuple[FiledStatement, ...]:
    return read_camt053(content, HINTS).statements


def statement_of(*entries: str, balances: tuple[str, ...] = ()) -> FiledStatement:
    (statement,) = statements_of(camt_file(*entries, balances=balances))
    return statement


def movement_of(entry: str) -> FiledMovement:
    (movement,) = statement_of(entry).movements
    return movement


def statement_with(
    *entries: str,
    balances: tuple[str, ...] = (),
    account: str = "<IBAN>X1</IBAN>",
    head: str = "",
    currency: str | None = "EUR",
) -> FiledStatement:
    text = camt_statement(*entries, balances=balances, account=account, head=head, currency=currency)
    (statement,) = statements_of(camt_document(text).encode())
    return statement


def faults_of(entry: str) -> list[tuple[str, FeedFault]]:
    statement = statement_of(camt_entry("1.00", ref="good"), entry, camt_entry("2.00", ref="also good"))
    assert [movement.external_id for movement in statement.movements] == ["good", "also good"]
    return [(unread.field, unread.fault) for unread in statement.unread]


@pytest.mark.parametrize(
    ("account", "number"),
    [
        ("<IBAN>DE89 3704 0044 0532 0130 00</IBAN>", "DE89370400440532013000"),
        ("<Othr><Id>12-34-56 789</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr>", "12-34-56789"),
        ("<PrtryAcct><Id>4711</Id></PrtryAcct>", "4711"),
        ("<BBAN>9876</BBAN>", "9876"),
        ("<Othr><Id> </Id></Othr>", None),
    ],
)
def test_an_account_is_called_by_what_the_bank_calls_it(account: str, number: str | None) -> None:
    assert statement_with(account=account).account_number == number


@pytest.mark.parametrize(
    ("of_account", "of_balance", "of_entries", "read"),
    [
        ("EUR", "EUR", ["EUR"], "EUR"),
        (None, "JPY", ["JPY"], "JPY"),
        (None, None, ["CHF", "CHF"], "CHF"),
        (None, None, ["CHF", "USD"], "GBP"),
        (None, None, [], "GBP"),
        ("XXX", "SEK", [], "SEK"),
        ("eur", None, [], "EUR"),
        ("HRK", "HRK", ["HRK"], "HRK"),
    ],
)
def test_the_currency_is_of_the_account_or_else_of_what_stands_on_it(
    of_account: str | None, of_balance: str | None, of_entries: list[str], read: str
) -> None:
    statement = statement_with(
        *(camt_entry("1", currency=code) for code in of_entries),
        balances=(camt_balance("CLBD", "5", "2026-01-31", currency=of_balance),) if of_balance else (),
        currency=of_account,
    )
    assert statement.currency.code == read


@pytest.mark.parametrize(
    ("balances", "opening", "closing"),
    [
        (
            [("OPBD", "1.00", "2026-01-05"), ("CLBD", "2.00", "2026-01-06"), ("CLAV", "9.00", "2026-01-06")],
            ("1.00", date(2026, 1, 5)),
            ("2.00", date(2026, 1, 6)),
        ),
        (
            [("CLBD", "-2.00", "2026-01-06"), ("OPBD", "-1.00", "2026-01-05")],
            ("-1.00", date(2026, 1, 5)),
            ("-2.00", date(2026, 1, 6)),
        ),
        # The day before closed with what the day begins with.
        ([("PRCD", "1.00", "2026-01-04")], ("1.00", date(2026, 1, 5)), None),
        # Some date it by the day that begins: what it comes before is of that day.
        ([("PRCD", "1.00", "2026-01-05")], ("1.00", date(2026, 1, 5)), None),
        ([("PRCD", "7.00", "2026-01-03"), ("OPBD", "1.00", "2026-01-05")], ("1.00", date(2026, 1, 5)), None),
        # One for each day: of them the first, and the last.
        (
            [
                ("OPBD", "3.00", "2026-01-06"),
                ("CLBD", "4.00", "2026-01-06"),
                ("OPBD", "1.00", "2026-01-05"),
                ("CLBD", "3.00", "2026-01-05"),
            ],
            ("1.00", date(2026, 1, 5)),
            ("4.00", date(2026, 1, 6)),
        ),
        # Available, forward, expected and interim balances count what is not booked, or no whole day.
        (
            [
                (kind, "8.00", "2026-01-05")
                for kind in ("OPAV", "CLAV", "FWAV", "ITAV", "XPCD", "INFO", "ITBD", "")
            ],
            None,
            None,
        ),
    ],
)
def test_the_first_and_the_last_booked_balance_are_those_of_the_statement(
    balances: list[tuple[str, str, str]],
    opening: tuple[str, date] | None,
    closing: tuple[str, date] | None,
) -> None:
    statement = statement_of(
        camt_entry(booked="2026-01-05"), balances=tuple(camt_balance(*balance) for balance in balances)
    )
    told = [
        None if balance is None else (str(balance.amount), balance.on)
        for balance in (statement.opening, statement.closing)
    ]
    assert told == [opening, closing]
    assert statement.unread == ()


@pytest.mark.parametrize(
    ("balance", "fault"),
    [
        (camt_balance("CLBD", "x", "2026-01-31"), FeedFault.UNREADABLE),
        (camt_balance("CLBD", "1e9", "2026-01-31"), FeedFault.UNREADABLE),
        (camt_balance("CLBD", "1.001", "2026-01-31"), FeedFault.UNREADABLE),
        (camt_balance("CLBD", "1.00", None), FeedFault.MISSING),
        (camt_balance("CLBD", "1.00", "2026-02-30"), FeedFault.UNREADABLE),
        (camt_balance("CLBD", "1.00", "2026-01-31", currency="USD"), FeedFault.CONTRADICTORY),
        (camt_balance("CLBD", "1.00", "2026-01-31").replace("CRDT", "?"), FeedFault.MISSING),
    ],
)
def test_a_balance_that_cannot_be_read_is_told_and_stops_nothing(balance: str, fault: FeedFault) -> None:
    statement = statement_of(camt_entry(), balances=(OPENING, balance))
    assert statement.opening is not None
    assert statement.closing is None
    assert len(statement.movements) == 1
    (unread,) = statement.unread
    assert (unread.kind, unread.field, unread.fault) == (RecordKind.ACCOUNT, "balances: Bal CLBD", fault)


@pytest.mark.parametrize(
    ("told", "begins_on", "ends_on"),
    [
        (("2026-01-01T00:00:00", "2026-01-31T23:59:59"), date(2026, 1, 1), date(2026, 1, 31)),
        (("2026-01-01T00:00:00+01:00", "2026-01-31T23:59:59.999+01:00"), date(2026, 1, 1), date(2026, 1, 31)),
        # Until midnight is until the end of the day before; but a single day is that day.
        (("2026-01-01T00:00:00", "2026-02-01T00:00:00"), date(2026, 1, 1), date(2026, 1, 31)),
        (("2026-01-05T00:00:00", "2026-01-05T00:00:00"), date(2026, 1, 5), date(2026, 1, 5)),
        # The closing balance is of the last day.
        (("2026-01-01T00:00:00", "2026-02-28T00:00:00"), date(2026, 1, 1), date(2026, 2, 28)),
        (("nonsense", "9999-12-31T00:00:00"), None, None),
    ],
)
def test_the_days_covered_are_those_that_the_statement_says(
    told: tuple[str, str], begins_on: date | None, ends_on: date | None
) -> None:
    statement = statement_with(
        balances=(camt_balance("CLBD", "1.00", "2026-02-28"),),
        head=f"<FrToDt><FrDtTm>{told[0]}</FrDtTm><ToDtTm>{told[1]}</ToDtTm></FrToDt>",
    )
    assert (statement.begins_on, statement.ends_on) == (begins_on, ends_on)


def test_an_opening_balance_of_the_day_before_is_that_of_the_first_day_covered() -> None:
    statement = statement_with(
        balances=(camt_balance("OPBD", "1.00", "2025-12-31"),),
        head="<FrToDt><FrDtTm>2026-01-01T00:00:00</FrDtTm><ToDtTm>2026-01-31T23:00:00</ToDtTm></FrToDt>",
    )
    assert statement.opening is not None
    assert statement.opening.on == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("booked", "value", "posted_at"),
    [
        ("2026-01-05", None, datetime(2026, 1, 5, tzinfo=UTC)),
        ("2026-01-05+01:00", None, datetime(2026, 1, 5, tzinfo=UTC)),
        ("2026-01-05Z", None, datetime(2026, 1, 5, tzinfo=UTC)),
        ("2026-01-05T23:30:00-05:00", None, datetime(2026, 1, 6, 4, 30, tzinfo=UTC)),
        ("2026-01-05T10:00:00Z", None, datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("2026-01-05T10:00:00", None, datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("2026-01-05T10:00:00.000000000", None, datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("2026-01-05T24:00:00", None, datetime(2026, 1, 6, tzinfo=UTC)),
        ("2025-12-31", "2026-01-02", datetime(2025, 12, 31, tzinfo=UTC)),
        (None, "2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
    ],
)
def test_a_movement_is_of_when_it_was_booked_else_of_its_value(
    booked: str | None, value: str | None, posted_at: datetime
) -> None:
    entry = camt_entry(booked=booked)
    if value is not None:
        entry = entry.replace("<BkTxCd>", f"<ValDt><Dt>{value}</Dt></ValDt><BkTxCd>")
    assert movement_of(entry).posted_at == posted_at


@pytest.mark.parametrize(
    ("written", "currency", "amount"),
    [
        ("12.50", "EUR", "12.50"),
        ("12.5", "EUR", "12.50"),
        ("0012.50000", "EUR", "12.50"),
        (" 12.50 ", "EUR", "12.50"),
        ("+12.50", "EUR", "12.50"),
        ("12,50", "EUR", "12.50"),
        (".5", "EUR", "0.50"),
        ("5.", "EUR", "5.00"),
        ("100.00", "JPY", "100"),
        ("1.234", "KWD", "1.234"),
        ("9999999999999.99", "EUR", "9999999999999.99"),
    ],
)
def test_an_amount_is_read_to_the_last_digit(written: str, currency: str, amount: str) -> None:
    statement = statement_with(camt_entry(written, currency=currency), currency=currency)
    assert [str(movement.amount) for movement in statement.movements] == [amount]


@pytest.mark.parametrize(
    ("entry", "field", "fault"),
    [
        (camt_entry("12.505"), "Amt", FeedFault.UNREADABLE),
        (camt_entry("1,234"), "Amt", FeedFault.UNREADABLE),
        (camt_entry("1e3"), "Amt", FeedFault.UNREADABLE),
        (camt_entry("1e999999"), "Amt", FeedFault.UNREADABLE),
        (camt_entry("NaN"), "Amt", FeedFault.UNREADABLE),
        (camt_entry("INF"), "Amt", FeedFault.UNREADABLE),
        (camt_entry("9" * 40), "Amt", FeedFault.UNREADABLE),
        (camt_entry("9" * 5000), "Amt", FeedFault.UNREADABLE),
        (camt_entry("10000000000000.00"), "Amt", FeedFault.UNREADABLE),
        (camt_entry("٣٤"), "Amt", FeedFault.UNREADABLE),
        (camt_entry(""), "Amt", FeedFault.MISSING),
        (camt_entry("-5.00"), "Amt", FeedFault.CONTRADICTORY),
        (camt_entry("5.00", currency="USD"), "Amt Ccy", FeedFault.CONTRADICTORY),
        (camt_entry("5.00", currency="XXX"), "Amt Ccy", FeedFault.UNKNOWN),
        (camt_entry("5.00", "BOTH"), "CdtDbtInd", FeedFault.UNKNOWN),
        (camt_entry("5.00", ""), "CdtDbtInd", FeedFault.MISSING),
        (camt_entry("5.00", status="WHAT"), "Sts", FeedFault.UNKNOWN),
        (camt_entry("5.00", booked=None), "BookgDt", FeedFault.MISSING),
        (camt_entry("5.00", booked="2026-02-30"), "BookgDt", FeedFault.UNREADABLE),
        (camt_entry("5.00", booked="05.01.2026"), "BookgDt", FeedFault.UNREADABLE),
        (camt_entry("5.00", booked="0000-01-01"), "BookgDt", FeedFault.UNREADABLE),
        (camt_entry("5.00", booked="9999-12-31"), "BookgDt", FeedFault.UNREADABLE),
        (camt_entry("5.00", booked="2026-01-05T99:00:00"), "BookgDt", FeedFault.UNREADABLE),
    ],
)
def test_an_entry_that_cannot_be_read_is_told_and_stops_nothing_beside_it(
    entry: str, field: str, fault: FeedFault
) -> None:
    assert faults_of(entry) == [(f"entry 2: {field}", fault)]


def test_an_entry_that_cannot_be_read_is_told_by_its_id() -> None:
    (unread,) = statement_of(camt_entry("x", ref="B-9")).unread
    assert (unread.kind, unread.external_id) == (RecordKind.MOVEMENT, "B-9")


@pytest.mark.parametrize(
    ("status", "pending"), [("BOOK", [False]), ("PDNG", [True]), ("INFO", []), ("FUTR", [])]
)
@pytest.mark.parametrize("place", ["<Sts>{}</Sts>", "<Sts><Cd>{}</Cd></Sts>"])
def test_a_status_stands_in_either_place(place: str, status: str, pending: list[bool]) -> None:
    entry = camt_entry().replace("<Sts><Cd>BOOK</Cd></Sts>", place.format(status))
    assert [movement.pending for movement in statement_of(entry).movements] == pending


def test_without_a_status_it_is_booked_and_of_a_bank_s_own_nothing_is_guessed() -> None:
    assert not movement_of(camt_entry().replace("<Sts><Cd>BOOK</Cd></Sts>", "")).pending
    own = camt_entry().replace("<Cd>BOOK</Cd>", "<Prtry>DONE</Prtry>")
    assert faults_of(own) == [("entry 2: Sts", FeedFault.UNKNOWN)]


def test_nothing_is_moved_by_zero() -> None:
    statement = statement_of(camt_entry("0.00"), camt_entry("1.00"), camt_entry("-0"))
    assert [movement.place for movement in statement.movements] == ["entry 2"]
    assert statement.unread == ()


@pytest.mark.parametrize(
    ("entry", "external_id"),
    [
        (camt_entry(ref="B-1", details=camt_payment(ref="P-1")), "B-1"),
        (camt_entry(details=camt_payment(ref="P-1")), "P-1"),
        (camt_entry(ref="NOTPROVIDED", details=camt_payment(ref="P-1")), "P-1"),
        (camt_entry(details=camt_payment(ref="P-1") + camt_payment(ref="P-2")), None),
        (camt_entry(ref="NONREF"), None),
        (camt_entry(ref="000000"), None),
        (camt_entry(ref=" "), None),
        (camt_entry(details=camt_payment()), None),
        (camt_entry().replace("<Ntry>", "<Ntry><NtryRef>E-77</NtryRef>"), "E-77"),
        (camt_entry(ref="B-1").replace("<Ntry>", "<Ntry><NtryRef>E-77</NtryRef>"), "B-1"),
        # Numbered anew in each statement: equal numbers of two months are not one movement.
        (camt_entry().replace("<Ntry>", "<Ntry><NtryRef>1</NtryRef>"), None),
        (camt_entry().replace("<Ntry>", "<Ntry><NtryRef>000000000000042</NtryRef>"), None),
        (camt_entry().replace("<Ntry>", "<Ntry><NtryRef>202601050017</NtryRef>"), "202601050017"),
    ],
)
def test_an_id_is_the_bank_s_own_and_names_one_movement(entry: str, external_id: str | None) -> None:
    assert movement_of(entry).external_id == external_id


@pytest.mark.parametrize(
    ("entry", "description"),
    [
        (
            camt_entry(details=camt_payment(creditor="Grocer", text="Invoice 7"), info="SEPA"),
            "Grocer - Invoice 7",
        ),
        (
            camt_entry(direction="CRDT", details=camt_payment(debtor="Ann", creditor="Me", text="Rent")),
            "Ann - Rent",
        ),
        (camt_entry(details=camt_payment(creditor="Grocer", debtor="Me")), "Grocer"),
        (
            camt_entry(details=camt_payment(creditor="Grocer Lt", text="Grocer Ltd, Leeds")),
            "Grocer Ltd, Leeds",
        ),
        (camt_entry(info="Monthly fee"), "Monthly fee"),
        (camt_entry(details=camt_payment(), info="Monthly fee"), "Monthly fee"),
        (camt_entry(details="<TxDtls><AddtlTxInf>ATM 12:30</AddtlTxInf></TxDtls>"), "ATM 12:30"),
        (
            camt_entry(
                details="<TxDtls><RmtInf><Ustrd>one</Ustrd><Ustrd>two</Ustrd><Strd><CdtrRefInf><Ref>RF18</Ref>"
                "</CdtrRefInf><AddtlRmtInf>three</AddtlRmtInf></Strd></RmtInf></TxDtls>"
            ),
            "one two RF18 three",
        ),
        (
            camt_entry(
                details="<TxDtls><RltdPties><UltmtCdtr><Pty><Nm>Shop</Nm></Pty></UltmtCdtr></RltdPties></TxDtls>"
            ),
            "Shop",
        ),
        (
            camt_entry(
                more="<BkTxCd><Domn><Cd>ACMT</Cd><Fmly><Cd>MDOP</Cd><SubFmlyCd>INTR</SubFmlyCd></Fmly></Domn></BkTxCd>"
            ),
            "Interest",
        ),
        (camt_entry(), "NTRF"),
        (camt_entry(more="<BkTxCd/>"), "Transaction"),
        (camt_entry(info="a &amp; b\n\t  c"), "a & b c"),
        (camt_entry(info="<![CDATA[a & <b>]]>"), "a & <b>"),
        (camt_entry(info="x\u202e\u200by\u0085z"), "x y z"),
        (camt_entry(info="e\u0301té"), "été"),
        (camt_entry(info="w" * 300), "w" * 255),
    ],
)
def test_a_description_says_with_whom_and_what_for(entry: str, description: str) -> None:
    assert movement_of(entry).description == description


def test_a_batch_is_the_one_line_that_the_account_has() -> None:
    payments = "".join(
        camt_payment(creditor=f"Worker {number}", amount="1000.00", text="Wages") for number in range(3)
    )
    movement = movement_of(camt_entry("3000.00", ref="B-1", details=payments, info="Payroll"))
    assert (str(movement.signed_amount), movement.description) == ("-3000.00", "3 payments - Payroll")
    counted = movement_of(
        camt_entry("50.00", details="<Btch><NbOfTxs>17</NbOfTxs></Btch>", info="Direct debits")
    )
    assert (str(counted.amount), counted.description) == ("50.00", "17 payments - Direct debits")


def test_a_statement_may_have_more_entries_than_are_ever_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camt053_document, "_MAX_ELEMENTS_HELD", 1_000)
    entry = "<Ntry><Amt>1</Amt><CdtDbtInd>DBIT</CdtDbtInd><BookgDt><Dt>2026-01-05</Dt></BookgDt></Ntry>"
    content = camt_document(camt_statement(entry * 3_000)).encode()
    (statement,) = statements_of(content)
    assert len(statement.movements) == 3_000
    assert statement.movements[-1].place == "entry 3000"
    payments = camt_payment(creditor="Worker", text="Wages") * 3_000
    assert movement_of(camt_entry("5.00", details=payments)).description == "3000 payments - NTRF"


def test_charges_and_amounts_in_other_currencies_move_nothing_more() -> None:
    more = (
        '<AmtDtls><InstdAmt><Amt Ccy="USD">110.00</Amt></InstdAmt><TxAmt><Amt Ccy="EUR">99.00</Amt></TxAmt>'
        '</AmtDtls><Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">1.00</TtlChrgsAndTaxAmt>'
        '<Rcrd><Amt Ccy="EUR">1.00</Amt></Rcrd></Chrgs>'
    )
    assert str(movement_of(camt_entry("100.00", more=more)).amount) == "100.00"


def test_a_reversal_has_the_direction_in_which_it_moves_the_account() -> None:
    closing = camt_balance("CLBD", "112.50", "2026-01-31")
    statement = statement_of(camt_entry("12.50", "CRDT", reversal=True), balances=(OPENING, closing))
    assert [str(movement.signed_amount) for movement in statement.movements] == ["12.50"]
    # Without balances nothing says otherwise.
    assert str(movement_of(camt_entry("12.50", "DBIT", reversal=True)).signed_amount) == "-12.50"


def test_a_bank_that_gives_a_reversal_the_direction_of_what_it_reverses_is_seen_by_its_balances() -> None:
    entries = [
        camt_entry("12.50", "DBIT", ref="1x"),
        camt_entry("12.50", "DBIT", ref="2x", reversal=True),
        camt_entry("7.00", "CRDT", ref="3x"),
    ]
    closing = camt_balance("CLBD", "107.00", "2026-01-31")
    statement = statement_of(*entries, balances=(OPENING, closing))
    assert [str(movement.signed_amount) for movement in statement.movements] == ["-12.50", "12.50", "7.00"]
    # When they tie neither way, the standard's word stands.
    elsewhere = camt_balance("CLBD", "555.00", "2026-01-31")
    statement = statement_of(*entries, balances=(OPENING, elsewhere))
    assert [str(movement.signed_amount) for movement in statement.movements] == ["-12.50", "-12.50", "7.00"]


def test_a_reversed_payment_is_described_by_the_other_side() -> None:
    details = camt_payment(creditor="Grocer", debtor="Me", text="returned")
    assert (
        movement_of(camt_entry(direction="CRDT", details=details, reversal=True)).description
        == "Grocer - returned"
    )


def test_a_file_tells_of_several_accounts() -> None:
    first = camt_statement(camt_entry("1.00"), account="<IBAN>A1</IBAN>")
    second = camt_statement(camt_entry("2.00"), camt_entry("?"), account="<IBAN>A2</IBAN>", currency="EUR")
    told = statements_of(camt_document(first, second).encode())
    assert [statement.account_number for statement in told] == ["A1", "A2"]
    assert [movement.place for movement in told[1].movements] == ["statement 2, entry 1"]
    assert [unread.field for unread in told[1].unread] == ["statement 2, entry 2: Amt"]


def page(
    number: int, *entries: str, balances: tuple[str, ...], last: bool = False, sequence: str = "9"
) -> str:
    head = (
        f"<StmtPgntn><PgNb>{number}</PgNb><LastPgInd>{str(last).lower()}</LastPgInd></StmtPgntn>"
        f"<ElctrncSeqNb>{sequence}</ElctrncSeqNb>"
    )
    return camt_statement(*entries, balances=balances, head=head)


def test_the_pages_of_one_statement_are_that_statement() -> None:
    pages = [
        page(
            1,
            camt_entry("10.00"),
            balances=(OPENING, camt_balance("CLBD", "90.00", "2026-01-05", sub="INTM")),
        ),
        page(
            2,
            camt_entry("20.00"),
            balances=(
                camt_balance("OPBD", "90.00", "2026-01-05", sub="INTM"),
                camt_balance("ITBD", "70.00", "2026-01-05"),
            ),
        ),
        page(3, camt_entry("30.00"), balances=(camt_balance("CLBD", "40.00", "2026-01-31"),), last=True),
    ]
    (statement,) = statements_of(camt_document(*pages).encode())
    assert [str(movement.amount) for movement in statement.movements] == ["10.00", "20.00", "30.00"]
    assert statement.opening is not None
    assert statement.closing is not None
    assert (str(statement.opening.amount), str(statement.closing.amount)) == ("100.00", "40.00")


def test_a_page_alone_has_no_balance_but_its_own() -> None:
    alone = page(1, camt_entry("10.00"), balances=(OPENING, camt_balance("ITBD", "90.00", "2026-01-05")))
    (statement,) = statements_of(camt_document(alone).encode())
    assert statement.opening is not None
    assert statement.closing is None


def test_statements_of_one_account_that_are_no_pages_stay_apart() -> None:
    days = [
        page(1, camt_entry(), balances=(OPENING, camt_balance("CLBD", "87.50", "2026-01-05")), last=True),
        page(1, camt_entry("1.00"), balances=(camt_balance("OPBD", "87.50", "2026-01-06"),), last=True),
    ]
    assert len(statements_of(camt_document(*days).encode())) == 2


def test_a_file_without_movements_is_a_statement_all_the_same() -> None:
    statement = statement_of(balances=(OPENING,))
    assert (statement.movements, statement.unread) == ((), ())
    assert statement.opening is not None
