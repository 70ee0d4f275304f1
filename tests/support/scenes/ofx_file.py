"""OFX files as banks write them: in SGML and in XML, of bank accounts and of cards."""

SGML_HEADER = (
    "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:USASCII\r\nCHARSET:1252\r\n"
    "COMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n"
)
XML_HEADER = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<?OFX OFXHEADER="200" VERSION="211" '
    'SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n'
)
USUAL_BALANCE = "<LEDGERBAL><BALAMT>87.50<DTASOF>20260131</LEDGERBAL>"
USUAL_ACCOUNT = "<BANKACCTFROM><BANKID>121099999<ACCTID>999988<ACCTTYPE>CHECKING</BANKACCTFROM>"


def ofx_record(
    amount: str = "-12.50",
    *,
    kind: str = "DEBIT",
    on: str = "20260105",
    fitid: str | None = "F-1",
    name: str = "Grocer",
    memo: str = "",
    more: str = "",
) -> str:
    """A record, without the ends that SGML can do without."""
    told = {"TRNTYPE": kind, "DTPOSTED": on, "TRNAMT": amount, "FITID": fitid, "NAME": name, "MEMO": memo}
    values = "".join(f"<{tag}>{value}\r\n" for tag, value in told.items() if value)
    return f"<STMTTRN>\r\n{values}{more}</STMTTRN>\r\n"


def ofx_statement(
    *records: str,
    currency: str | None = "USD",
    account: str = USUAL_ACCOUNT,
    days: str = "<DTSTART>20260101<DTEND>20260131",
    balance: str = USUAL_BALANCE,
    more: str = "",
    kind: str = "",
) -> str:
    """A statement in its answer; ``kind`` is CC for a card."""
    code = f"<CURDEF>{currency}\r\n" if currency is not None else ""
    return (
        f"<{kind}STMTTRNRS><TRNUID>0<STATUS><CODE>0<SEVERITY>INFO</STATUS><{kind}STMTRS>{code}{account}"
        f"<BANKTRANLIST>{days}\r\n{''.join(records)}</BANKTRANLIST>{more}{balance}</{kind}STMTRS></{kind}STMTTRNRS>"
    )


def ofx_document(*statements: str, header: str = SGML_HEADER) -> str:
    """The whole file."""
    return (
        f"{header}<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20260201"
        f"<LANGUAGE>ENG<INTU.BID>3000</SONRS></SIGNONMSGSRSV1><BANKMSGSRSV1>{''.join(statements)}"
        "</BANKMSGSRSV1></OFX>\r\n"
    )


def ofx_file(*records: str) -> bytes:
    """A file of one statement."""
    return ofx_document(ofx_statement(*records)).encode("cp1252")


def as_xml(sgml: str) -> str:
    """The same with every end written, and the header of version 2."""
    lines = []
    for part in sgml.removeprefix(SGML_HEADER).split("<")[1:]:
        tag, _, text = part.partition(">")
        value = text.strip()
        lines.append(f"<{tag}>{value}</{tag}>" if value else f"<{tag}>")
    return XML_HEADER + "\n".join(lines)
