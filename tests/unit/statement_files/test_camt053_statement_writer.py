"""What we write as camt.053 is valid, and says what the standard means by it."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.scenes.statement_samples import SampleLine, SampleStatement, sample_statement
from tests.support.scenes.written_statements import found, text_of

from ledgerbank_adapters.statement_files.reading.camt053_reader import read_camt053
from ledgerbank_adapters.statement_files.writing.camt053_statement_writer import Camt053StatementWriter
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.money.currency import KNOWN_CURRENCIES
from ledgerbank_domain.ports.statement_reader import StatementHints

SCHEMA = Path(__file__).parents[2] / "support" / "schemas" / "camt.053.001.08.xsd"
IBAN = "GB33BUKB20201555555555"
WRITER = Camt053StatementWriter()
HINTS = StatementHints(currency=KNOWN_CURRENCIES["GBP"])


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(SCHEMA))


def valid(sample: SampleStatement) -> Element:
    """The statement's element, once the document is held to its schema."""
    content = sample.written(WRITER)
    schema().validate(content.decode())
    (message,) = found(fromstring(content), "BkToCstmrStmt")  # noqa: S314 - our own
    (statement,) = found(message, "Stmt")
    return statement


def balances(statement: Element) -> dict[str, tuple[str, str, str]]:
    return {
        text_of(each, "Tp/CdOrPrtry/Cd"): (
            text_of(each, "Amt"),
            text_of(each, "CdtDbtInd"),
            text_of(each, "Dt/Dt"),
        )
        for each in found(statement, "Bal")
    }


@pytest.mark.parametrize("kind", EntryKind)
@pytest.mark.parametrize("amount", ["5", "-5"])
@pytest.mark.parametrize("account_type", AccountType)
def test_every_kind_of_line_and_account_is_valid(
    kind: EntryKind, amount: str, account_type: AccountType
) -> None:
    statement = valid(sample_statement(SampleLine(amount=amount, kind=kind), account_type=account_type))
    (entry,) = found(statement, "Ntry")
    assert text_of(entry, "CdtDbtInd") == ("CRDT" if amount == "5" else "DBIT")
    assert text_of(entry, "BkTxCd/Prtry/Cd") == kind.value
    assert len(text_of(entry, "BkTxCd/Domn/Cd")) == 4
    reversals = [element.text for element in found(entry, "RvslInd")]
    assert reversals == (["true"] if kind is EntryKind.REVERSAL else [])


@settings(max_examples=15, deadline=None)
@given(
    text=st.text(min_size=1, max_size=255),
    external_id=st.none() | st.text(min_size=1, max_size=300),
    name=st.text(min_size=1, max_size=100),
    currency=st.sampled_from(sorted(KNOWN_CURRENCIES)),
)
def test_no_text_makes_it_invalid(text: str, external_id: str | None, name: str, currency: str) -> None:
    line = SampleLine(amount="-5", description=text, external_id=external_id)
    valid(
        sample_statement(
            line,
            currency=currency,
            account_name=name,
            holder_name=name,
            bank_name=name,
            external_account_id=external_id,
        )
    )


def test_the_largest_amounts_are_valid() -> None:
    most = "9" * 13 + ".9999"
    valid(sample_statement(SampleLine(amount=most), opening=f"-{most}", currency="CLF"))


def test_balances_have_no_sign_but_an_indicator_and_their_days() -> None:
    statement = valid(sample_statement(SampleLine(amount="-250.25"), opening="100"))
    assert balances(statement) == {
        "OPBD": ("100.00", "CRDT", "2026-03-01"),
        "CLBD": ("150.25", "DBIT", "2026-03-31"),
    }
    assert text_of(statement, "FrToDt/FrDtTm") == "2026-03-01T00:00:00.000000Z"
    assert text_of(statement, "FrToDt/ToDtTm") == "2026-03-31T23:59:59.999999Z"


def test_an_empty_period_is_valid_and_nothing_is_a_credit() -> None:
    assert balances(valid(sample_statement(opening="0"))) == {
        "OPBD": ("0.00", "CRDT", "2026-03-01"),
        "CLBD": ("0.00", "CRDT", "2026-03-31"),
    }


def test_what_is_pending_is_in_the_available_balances_alone() -> None:
    statement = valid(
        sample_statement(
            SampleLine(amount="-5"),
            SampleLine(amount="-30", pending=True),
            opening="100",
            pending_before="-10",
        )
    )
    assert {code: amount for code, (amount, _, _) in balances(statement).items()} == {
        "OPBD": "110.00",
        "CLBD": "105.00",
        "OPAV": "100.00",
        "CLAV": "65.00",
    }
    assert [text_of(entry, "Sts/Cd") for entry in found(statement, "Ntry")] == ["BOOK", "PDNG"]


def test_each_entry_has_a_reference_of_its_own() -> None:
    sample = sample_statement(*[SampleLine(amount="1")] * 5)
    entries = found(valid(sample), "Ntry")
    references = [text_of(entry, "NtryRef") for entry in entries]
    assert references == [line.reference for line in sample.lines]
    assert references == [text_of(entry, "AcctSvcrRef") for entry in entries]
    assert len(set(references)) == 5


@pytest.mark.parametrize(
    ("external", "path", "shown"),
    [
        (IBAN, "Acct/Id/IBAN", IBAN),
        ("gb33 bukb 2020 1555 5555 55", "Acct/Id/IBAN", IBAN),
        ("GB34BUKB20201555555555", "Acct/Id/Othr/Id", "GB34BUKB20201555555555"),
        ("12345678", "Acct/Id/Othr/Id", "12345678"),
        ("<&>", "Acct/Id/Othr/Id", "0189000000007000800000000000abcd"),
        ("x" * 35, "Acct/Id/Othr/Id", "0189000000007000800000000000abcd"),
        (None, "Acct/Id/Othr/Id", "0189000000007000800000000000abcd"),
    ],
)
def test_an_account_is_called_by_its_iban_or_else_by_another_number(
    external: str | None, path: str, shown: str
) -> None:
    assert text_of(valid(sample_statement(external_account_id=external)), path) == shown


def test_sums_are_told_ahead_of_the_entries() -> None:
    statement = valid(sample_statement(*[SampleLine(amount=amount) for amount in ("5", "-7.5", "1")]))
    told = {
        path: text_of(statement, f"TxsSummry/{path}")
        for path in ("TtlNtries/NbOfNtries", "TtlNtries/Sum", "TtlNtries/TtlNetNtry/Amt", "TtlCdtNtries/Sum")
    }
    assert list(told.values()) == ["3", "13.50", "1.50", "6.00"]
    assert text_of(statement, "TxsSummry/TtlNtries/TtlNetNtry/CdtDbtInd") == "DBIT"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Rent", ["Rent"]),
        ("a" * 140, ["a" * 140]),
        ("a" * 140 + " " + "b" * 114, ["a" * 140, "b" * 114]),
        ("a" * 114 + " " + "b" * 140, ["a" * 114, "b" * 140]),
        ("a" * 141, []),
        ("a" * 113 + " " + "b" * 141, []),
    ],
)
def test_remittance_information_has_the_text_where_it_fits_unharmed(text: str, parts: list[str]) -> None:
    (entry,) = found(valid(sample_statement(SampleLine(amount="1", description=text))), "Ntry")
    told = [element.text for element in found(entry, "NtryDtls/TxDtls/RmtInf/Ustrd")]
    assert told == parts
    assert text_of(entry, "AddtlNtryInf") == text


@pytest.mark.parametrize(
    "fields", [{}, {"external_account_id": IBAN}, {"external_account_id": "12345678"}], ids=str
)
def test_our_own_reader_reads_it_back(fields: dict[str, Any]) -> None:
    sample = sample_statement(
        SampleLine(amount="-12.34", description="Café"),
        SampleLine(amount="99", description="b" * 141 + " " + "c" * 100, kind=EntryKind.REVERSAL),
        SampleLine(amount="-1", pending=True, posted_at=datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)),
        opening="-50",
        pending_before="-3",
        **fields,
    )
    (filed,) = read_camt053(sample.written(WRITER), HINTS).statements
    statement = sample.statement
    assert (filed.begins_on, filed.ends_on) == (statement.period.first_day, statement.period.last_day)
    assert filed.opening is not None
    assert filed.closing is not None
    assert filed.opening.amount == statement.opening_booked
    assert filed.closing.amount == statement.closing_booked
    assert not filed.unread
    assert [
        (each.external_id, each.signed_amount, each.description, each.posted_at, each.pending)
        for each in filed.movements
    ] == [
        (line.reference, line.signed_amount, line.description, line.posted_at, line.pending)
        for line in sample.lines
    ]
    assert {each.direction for each in filed.movements} == set(Direction)
