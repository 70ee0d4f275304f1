"""camt.053 files as banks write them, in each version: one template, with what differs between versions."""

from collections.abc import Sequence

ALL_VERSIONS = tuple(range(2, 14))
"""The statement's versions, ``.02`` to ``.13``."""

IBAN = "DE89370400440532013000"
BIC = "COBADEFFXXX"


def camt_entry(
    amount: str = "12.50",
    direction: str = "DBIT",
    *,
    version: int = 8,
    currency: str = "EUR",
    status: str = "BOOK",
    booked: str | None = "2026-01-05",
    ref: str | None = None,
    details: str = "",
    more: str = "",
    info: str = "",
    reversal: bool | None = None,
) -> str:
    """An entry; ``more`` stands between its dates and its details, where the schema has most of the rest."""
    reference = f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref is not None else ""
    booking = f"<BookgDt>{camt_date(booked)}</BookgDt>" if booked is not None else ""
    indicator = "" if reversal is None else f"<RvslInd>{str(reversal).lower()}</RvslInd>"
    code = "" if "<BkTxCd" in more else "<BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd>"
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{indicator}'
        f"<Sts>{camt_status(status, version)}</Sts>{booking}{reference}{code}{more}"
        f"{f'<NtryDtls>{details}</NtryDtls>' if details else ''}"
        f"{f'<AddtlNtryInf>{info}</AddtlNtryInf>' if info else ''}</Ntry>"
    )


def camt_status(code: str, version: int = 8) -> str:
    """The code itself until ``.06``, an element of its own since."""
    return code if version < 7 else f"<Cd>{code}</Cd>"


def camt_date(text: str) -> str:
    """The choice between a day and an instant."""
    return f"<DtTm>{text}</DtTm>" if "T" in text else f"<Dt>{text}</Dt>"


def camt_party(name: str, version: int = 8) -> str:
    """Within the name of a side; since ``.08`` a party is one choice of two."""
    return f"<Nm>{name}</Nm>" if version < 8 else f"<Pty><Nm>{name}</Nm></Pty>"


def camt_payment(
    *,
    creditor: str = "",
    debtor: str = "",
    text: str = "",
    ref: str = "",
    amount: str = "12.50",
    version: int = 8,
) -> str:
    """The details of a payment, whose order has no id but ``NOTPROVIDED``.

    Since ``.03`` it tells its amount; that of the entry is what counts.
    """
    direction = "CRDT" if debtor else "DBIT"
    told = f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>' if version > 2 else ""
    own = f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else ""
    sides = f"<Dbtr>{camt_party(debtor, version)}</Dbtr>" if debtor else ""
    sides += f"<Cdtr>{camt_party(creditor, version)}</Cdtr>" if creditor else ""
    parties = f"<RltdPties>{sides}</RltdPties>" if sides else ""
    remittance = f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>" if text else ""
    refs = f"<Refs>{own}<EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
    return f"<TxDtls>{refs}{told}{parties}{remittance}</TxDtls>"


def camt_balance(kind: str, amount: str, on: str | None, *, currency: str = "EUR", sub: str = "") -> str:
    """A balance; below zero it is a debit."""
    indicator = "DBIT" if amount.startswith("-") else "CRDT"
    sub_type = f"<SubTp><Cd>{sub}</Cd></SubTp>" if sub else ""
    day = f"<Dt>{camt_date(on)}</Dt>" if on is not None else ""
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry>{sub_type}</Tp>"
        f'<Amt Ccy="{currency}">{amount.lstrip("-")}</Amt><CdtDbtInd>{indicator}</CdtDbtInd>{day}</Bal>'
    )


def camt_statement(
    *entries: str,
    balances: Sequence[str] = (),
    account: str = f"<IBAN>{IBAN}</IBAN>",
    currency: str | None = "EUR",
    version: int = 8,
    head: str = "",
) -> str:
    """One ``Stmt``; ``head`` stands between its id and its account."""
    bank = "BIC" if version == 2 else "BICFI"
    code = f"<Ccy>{currency}</Ccy>" if currency is not None else ""
    return (
        f"<Stmt><Id>S1</Id>{head}<Acct><Id>{account}</Id>{code}"
        f"<Svcr><FinInstnId><{bank}>{BIC}</{bank}></FinInstnId></Svcr></Acct>"
        f"{''.join(balances)}{''.join(entries)}</Stmt>"
    )


def camt_document(*statements: str, version: int = 8) -> str:
    """The whole message."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version:02}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-02-01T06:00:00</CreDtTm></GrpHdr>"
        f"{''.join(statements)}</BkToCstmrStmt></Document>"
    )


def camt_file(*entries: str, balances: Sequence[str] = (), version: int = 8) -> bytes:
    """A file of one statement."""
    return camt_document(
        camt_statement(*entries, balances=balances, version=version), version=version
    ).encode()
