"""A statement as camt.053 of ISO 20022, version .02 or .08: https://www.iso20022.org/catalogue-messages

As banks of the German-speaking countries and of SEPA send it: one statement a file, one entry for each
movement, a booking and a value date, the purpose in ``Ustrd``.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.sax.saxutils import escape

from ledgerbank_adapters.simulated_bank.books.simulated_account import SimulatedAccount
from ledgerbank_adapters.simulated_bank.statement_dialects.simulated_statement import (
    AccountStatement,
    StatementLine,
)
from ledgerbank_domain.money.currency import stored_currency
from ledgerbank_domain.money.exact_decimals import EXACT

VERSIONS = ("02", "08")
_LONGEST_REFERENCE = 35
_LONGEST_TEXT = 140


def camt053_file(statement: AccountStatement, *, version: str) -> bytes:
    """``version`` is one of VERSIONS."""
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<Document xmlns="{namespace}"><BkToCstmrStmt>\n',
        *_head(statement),
        *(_entry(line, statement.account.currency, version=version) for line in statement.lines),
        "</Stmt></BkToCstmrStmt></Document>\n",
    ]
    return "".join(parts).encode()


def _head(statement: AccountStatement) -> Iterator[str]:
    account, made = statement.account, _instant(statement.made_at)
    name = f"{account.account_number}-{statement.first_day:%Y%m%d}-{statement.last_day:%Y%m%d}"
    yield f"<GrpHdr><MsgId>{name}</MsgId><CreDtTm>{made}</CreDtTm></GrpHdr>\n"
    yield f"<Stmt><Id>{name}</Id><CreDtTm>{made}</CreDtTm>\n"
    yield f"<FrToDt><FrDtTm>{statement.first_day}T00:00:00Z</FrDtTm>"
    yield f"<ToDtTm>{statement.last_day}T23:59:59Z</ToDtTm></FrToDt>\n"
    yield f"<Acct><Id><IBAN>{account.iban}</IBAN></Id><Ccy>{account.currency}</Ccy>"
    yield f"<Nm>{escape(account.description)}</Nm>"
    yield f"<Ownr><Nm>{escape(' and '.join(account.owner_names))[:_LONGEST_TEXT]}</Nm></Ownr></Acct>\n"
    yield _balance("OPBD", statement.opening, account, statement.first_day)
    yield _balance("CLBD", statement.closing, account, statement.last_day)


def _entry(line: StatementLine, currency: str, *, version: str) -> str:
    movement = line.movement
    status = "BOOK" if version == "02" else "<Cd>BOOK</Cd>"
    family, sub_family = _codes(line)
    text = escape(_one_line(movement.description, movement.notes))
    return "".join(
        [
            f"<Ntry>{_amount(line.amount, currency)}<Sts>{status}</Sts>",
            f"<BookgDt><Dt>{line.booked_at:%Y-%m-%d}</Dt></BookgDt>",
            f"<ValDt><Dt>{movement.created:%Y-%m-%d}</Dt></ValDt>",
            f"<AcctSvcrRef>{escape(movement.told_id[:_LONGEST_REFERENCE])}</AcctSvcrRef>",
            f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd>",
            f"<SubFmlyCd>{sub_family}</SubFmlyCd></Fmly></Domn></BkTxCd>",
            "<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>",
            _party(line, version=version),
            f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n",
        ]
    )


def _party(line: StatementLine, *, version: str) -> str:
    if line.party is None:
        return ""
    role = "Cdtr" if line.amount < 0 else "Dbtr"
    name = f"<Nm>{escape(line.party[:_LONGEST_TEXT])}</Nm>"
    party = name if version == "02" else f"<Pty>{name}</Pty>"
    return f"<RltdPties><{role}>{party}</{role}></RltdPties>"


def _codes(line: StatementLine) -> tuple[str, str]:
    if line.is_by_card:
        return "CCRD", "POSD"
    return ("ICDT" if line.amount < 0 else "RCDT"), "DMCT"


def _balance(code: str, figure: int, account: SimulatedAccount, day: date) -> str:
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    return f"<Bal>{kind}{_amount(figure, account.currency)}<Dt><Dt>{day}</Dt></Dt></Bal>\n"


def _amount(minor_units: int, currency: str) -> str:
    """Without a sign: the indicator has it."""
    digits = stored_currency(currency).minor_digits
    figure = Decimal(abs(minor_units)).scaleb(-digits, EXACT)
    indicator = "DBIT" if minor_units < 0 else "CRDT"
    return f'<Amt Ccy="{currency}">{figure}</Amt><CdtDbtInd>{indicator}</CdtDbtInd>'


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _one_line(*texts: str) -> str:
    return " ".join(" ".join(texts).split())[:_LONGEST_TEXT]
