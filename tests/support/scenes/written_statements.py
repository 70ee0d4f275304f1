"""What readers of others make of the statements that we write."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element, fromstring

from ofxtools.Parser import OFXTree

from ledgerbank_adapters.statement_files.own_csv_columns import CLOSING_KIND, OPENING_KIND, unmarked_text
from ledgerbank_adapters.statement_files.writing.camt053_statement_writer import NAMESPACE
from ledgerbank_domain.banking.account_statement import WrittenFormat


@dataclass(frozen=True, kw_only=True)
class ReadLine:
    """A line as read back; ``amount`` has its sign."""

    id: str | None
    amount: Decimal
    description: str
    posted_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    """What a file says; balances and lines without what is pending where the format parts them."""

    opening: Decimal
    closing: Decimal
    lines: tuple[ReadLine, ...]


def _json(content: bytes) -> ReadBack:
    told = json.loads(content, parse_float=None)
    return ReadBack(
        opening=Decimal(told["opening_balance"]),
        closing=Decimal(told["closing_balance"]),
        lines=tuple(
            ReadLine(
                id=line["reference"],
                amount=Decimal(line["amount"]) * (1 if line["direction"] == "CREDIT" else -1),
                description=line["description"],
                posted_at=datetime.fromisoformat(line["posted_at"]),
            )
            for line in told["lines"]
        ),
    )


def _csv(content: bytes) -> ReadBack:
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    assert [rows[0]["kind"], rows[-1]["kind"]] == [OPENING_KIND, CLOSING_KIND]
    return ReadBack(
        opening=Decimal(rows[0]["balance"]),
        closing=Decimal(rows[-1]["balance"]),
        lines=tuple(
            ReadLine(
                id=row["id"],
                amount=Decimal(row["amount"]),
                description=unmarked_text(row["description"]),
                posted_at=datetime.fromisoformat(row["posted_at"]),
            )
            for row in rows[1:-1]
        ),
    )


def _ofx(content: bytes) -> ReadBack:
    tree = OFXTree()
    tree.parse(io.BytesIO(content))
    (statement,) = tree.convert().statements
    (opening,) = (balance for balance in statement.ballist if balance.name == "OPENING")
    return ReadBack(
        opening=opening.value,
        closing=statement.ledgerbal.balamt,
        lines=tuple(
            ReadLine(
                id=line.fitid,
                amount=line.trnamt,
                description=line.memo or line.name,
                posted_at=line.dtposted,
            )
            for line in statement.banktranlist
        ),
    )


def _camt053(content: bytes) -> ReadBack:
    statement = fromstring(content).find(f".//{{{NAMESPACE}}}Stmt")  # noqa: S314 - our own
    assert statement is not None
    balances = {text_of(balance, "Tp/CdOrPrtry/Cd"): _signed(balance) for balance in found(statement, "Bal")}
    return ReadBack(
        opening=balances["OPBD"],
        closing=balances["CLBD"],
        lines=tuple(
            ReadLine(
                id=text_of(entry, "AcctSvcrRef"),
                amount=_signed(entry),
                description=text_of(entry, "AddtlNtryInf"),
                posted_at=datetime.fromisoformat(text_of(entry, "BookgDt/DtTm")).astimezone(UTC),
            )
            for entry in found(statement, "Ntry")
            if text_of(entry, "Sts/Cd") == "BOOK"
        ),
    )


READERS: Mapping[WrittenFormat, Callable[[bytes], ReadBack]] = {
    WrittenFormat.JSON: _json,
    WrittenFormat.CSV: _csv,
    WrittenFormat.OFX: _ofx,
    WrittenFormat.CAMT053: _camt053,
}


def found(element: Element, path: str) -> list[Element]:
    """Elements of camt.053, by a path of names without namespace."""
    return element.findall("/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/")))


def text_of(element: Element, path: str) -> str:
    """The text of the only one."""
    (one,) = found(element, path)
    return one.text or ""


def _signed(element: Element) -> Decimal:
    amount = Decimal(text_of(element, "Amt"))
    return -amount if text_of(element, "CdtDbtInd") == "DBIT" else amount
