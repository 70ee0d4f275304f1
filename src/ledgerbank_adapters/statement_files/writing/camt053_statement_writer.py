"""Statements as camt.053.001.08, ISO 20022's statement of a bank to its customer, https://www.iso20022.org

An entry is booked (``BOOK``) or pending (``PDNG``), and the booked balances (``OPBD``, ``CLBD``) hold what is
booked alone, as the standard has it; where something is pending, the available ones (``OPAV``, ``CLAV``)
hold all.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from hashlib import sha256

from ledgerbank_adapters.statement_files.writing.account_numbers import account_number, iban_of
from ledgerbank_adapters.statement_files.writing.written_values import amount_text, instant_text
from ledgerbank_adapters.statement_files.writing.xml_texts import xml_text
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.account_statement import AccountStatement, StatementLine
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.statement_writer import StatementWriter

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
_MAX_ID = 35
_MAX_ACCOUNT_ID = 34
_MAX_ACCOUNT_NAME = 70
_MAX_NAME = 140
_MAX_REMITTANCE = 140
_INDICATORS = {Direction.CREDIT: "CRDT", Direction.DEBIT: "DBIT"}
_ACCOUNT_CODES = {AccountType.CHECKING: "CACC", AccountType.SAVINGS: "SVGS"}
# Domain, family of money in, family of money out, and sub-family, of the standard's external code sets.
_CODES = {
    EntryKind.OPENING: ("ACMT", "MCOP", "MDOP", "OTHR"),
    EntryKind.PAYMENT: ("PMNT", "RCDT", "ICDT", "OTHR"),
    EntryKind.TRANSFER: ("PMNT", "RCDT", "ICDT", "BOOK"),
    EntryKind.IMPORT: ("PMNT", "NTAV", "NTAV", "NTAV"),
    EntryKind.RECONCILIATION: ("ACMT", "MCOP", "MDOP", "ADJT"),
    EntryKind.REVERSAL: ("PMNT", "MCOP", "MDOP", "ADJT"),
}


class Camt053StatementWriter(StatementWriter):
    """One message of one statement, which is dated by ``known_at``: so it is the same bytes for ever."""

    media_type = "application/xml"
    file_extension = "xml"
    max_lines = None

    def write(self, statement: AccountStatement, pages: Iterable[Sequence[StatementLine]]) -> Iterator[bytes]:
        yield _head(statement).encode()
        codes = _bank_codes()
        for page in pages:
            yield "".join([_entry(line, codes) for line in page]).encode()
        yield b"</Stmt></BkToCstmrStmt></Document>\n"


def _head(statement: AccountStatement) -> str:
    made, period = instant_text(statement.known_at), statement.period
    statement_id = _statement_id(statement)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="{NAMESPACE}"><BkToCstmrStmt>\n'
        f"<GrpHdr><MsgId>{statement_id}</MsgId><CreDtTm>{made}</CreDtTm></GrpHdr>\n"
        f"<Stmt><Id>{statement_id}</Id><CreDtTm>{made}</CreDtTm>"
        f"<FrToDt><FrDtTm>{instant_text(period.begins_at)}</FrDtTm>"
        f"<ToDtTm>{instant_text(period.ends_at)}</ToDtTm></FrToDt>\n"
        f"{_account(statement)}\n{_balances(statement)}\n{_summary(statement)}\n"
    )


def _statement_id(statement: AccountStatement) -> str:
    """Of each statement another one, and the same for the same."""
    period = statement.period
    told = f"{statement.account_id} {period.first_day} {period.last_day} {statement.known_at.isoformat()}"
    return f"LB{sha256(told.encode()).hexdigest()[:32]}"


def _account(statement: AccountStatement) -> str:
    iban = iban_of(statement)
    if iban is None:
        number = xml_text(account_number(statement, max_length=_MAX_ACCOUNT_ID))
        identification = f"<Othr><Id>{number}</Id></Othr>"
    else:
        identification = f"<IBAN>{iban}</IBAN>"
    code = _ACCOUNT_CODES.get(statement.account_type)
    kind = f"<Prtry>{statement.account_type.value}</Prtry>" if code is None else f"<Cd>{code}</Cd>"
    return (
        f"<Acct><Id>{identification}</Id><Tp>{kind}</Tp><Ccy>{statement.currency.code}</Ccy>"
        f"<Nm>{xml_text(statement.account_name, max_length=_MAX_ACCOUNT_NAME)}</Nm>"
        f"<Ownr><Nm>{xml_text(statement.holder_name, max_length=_MAX_NAME)}</Nm></Ownr>"
        f"<Svcr><FinInstnId><Nm>{xml_text(statement.bank_name, max_length=_MAX_NAME)}</Nm>"
        f"<Othr><Id>{xml_text(statement.bank_code, max_length=_MAX_ID)}</Id></Othr></FinInstnId></Svcr>"
        "</Acct>"
    )


def _balances(statement: AccountStatement) -> str:
    first_day, last_day = statement.period.first_day, statement.period.last_day
    told = [
        _balance("OPBD", statement.opening_booked, first_day),
        _balance("CLBD", statement.closing_booked, last_day),
    ]
    if statement.pending_ids or not statement.pending_in_opening.is_zero:
        told += [
            _balance("OPAV", statement.opening, first_day),
            _balance("CLAV", statement.closing, last_day),
        ]
    return "".join(told)


def _balance(code: str, balance: Money, day: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_signed(balance)}"
        f"<Dt><Dt>{day.isoformat()}</Dt></Dt></Bal>"
    )


def _signed(amount: Money) -> str:
    """The standard's amounts have no sign: an indicator beside them says it, and of nothing that it is in."""
    below = amount.amount < 0
    size = -amount if below else amount
    indicator = _INDICATORS[Direction.DEBIT if below else Direction.CREDIT]
    return f'<Amt Ccy="{amount.currency.code}">{amount_text(size)}</Amt><CdtDbtInd>{indicator}</CdtDbtInd>'


def _summary(statement: AccountStatement) -> str:
    totals = statement.totals
    total, net = totals.credited + totals.debited, totals.net
    below = net.amount < 0
    indicator = _INDICATORS[Direction.DEBIT if below else Direction.CREDIT]
    return (
        f"<TxsSummry><TtlNtries><NbOfNtries>{totals.count}</NbOfNtries><Sum>{amount_text(total)}</Sum>"
        f"<TtlNetNtry><Amt>{amount_text(-net if below else net)}</Amt><CdtDbtInd>{indicator}</CdtDbtInd>"
        f"</TtlNetNtry></TtlNtries><TtlCdtNtries><Sum>{amount_text(totals.credited)}</Sum></TtlCdtNtries>"
        f"<TtlDbtNtries><Sum>{amount_text(totals.debited)}</Sum></TtlDbtNtries></TxsSummry>"
    )


def _bank_codes() -> dict[tuple[EntryKind, Direction], str]:
    return {
        (kind, direction): (
            f"<BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{inward if direction is Direction.CREDIT else outward}"
            f"</Cd><SubFmlyCd>{sub_family}</SubFmlyCd></Fmly></Domn>"
            f"<Prtry><Cd>{kind.value}</Cd><Issr>LedgerBank</Issr></Prtry></BkTxCd>"
        )
        for kind, (domain, inward, outward, sub_family) in _CODES.items()
        for direction in Direction
    }


def _entry(line: StatementLine, codes: dict[tuple[EntryKind, Direction], str]) -> str:
    """A reversal's indicator of direction is that of its own effect, as everybody's."""
    reference, posted = line.reference, instant_text(line.posted_at)
    reversal = "<RvslInd>true</RvslInd>" if line.kind is EntryKind.REVERSAL else ""
    return (
        f'<Ntry><NtryRef>{reference}</NtryRef><Amt Ccy="{line.amount.currency.code}">'
        f"{amount_text(line.amount)}</Amt><CdtDbtInd>{_INDICATORS[line.direction]}</CdtDbtInd>{reversal}"
        f"<Sts><Cd>{'PDNG' if line.pending else 'BOOK'}</Cd></Sts>"
        f"<BookgDt><DtTm>{posted}</DtTm></BookgDt><ValDt><DtTm>{posted}</DtTm></ValDt>"
        f"<AcctSvcrRef>{reference}</AcctSvcrRef>{codes[line.kind, line.direction]}{_details(line)}"
        f"<AddtlNtryInf>{xml_text(line.description)}</AddtlNtryInf></Ntry>\n"
    )


def _details(line: StatementLine) -> str:
    """The same text as remittance information, where most programs look, if it fits there unharmed."""
    of_bank = line.external_transaction_id
    bank_reference = (
        f"<Prtry><Tp>BANK</Tp><Ref>{xml_text(of_bank)}</Ref></Prtry>"
        if of_bank is not None and len(of_bank) <= _MAX_ID
        else ""
    )
    references = f"<Refs><AcctSvcrRef>{line.reference}</AcctSvcrRef>{bank_reference}</Refs>"
    parts = "".join(f"<Ustrd>{xml_text(part)}</Ustrd>" for part in _remittance(line.description))
    remittance = f"<RmtInf>{parts}</RmtInf>" if parts else ""
    return f"<NtryDtls><TxDtls>{references}{remittance}</TxDtls></NtryDtls>"


def _remittance(text: str) -> tuple[str, ...]:
    """The text in parts of 140 characters, which readers put together with a space; none if it has no gap."""
    if len(text) <= _MAX_REMITTANCE:
        return (text,)
    gap = text.rfind(" ", len(text) - _MAX_REMITTANCE - 1, _MAX_REMITTANCE + 1)
    first, second = text[: max(gap, 0)], text[gap + 1 :]
    return (first, second) if gap > 0 and second and len(second) <= _MAX_REMITTANCE else ()
