"""Statement files: how many lines a second are read, in how much memory, and what a hostile file can cost.

First 100,000 lines of camt.053 and of OFX (more than the 10 MiB that an import takes: the readers themselves
have no limit), then 10 MiB of each kind that is made to hurt. Each is read in a process of its own; memory is
that process's peak, less what it had before the file was made. Prints a table.
"""

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from ledgerbank_adapters.statement_files.reading.camt053_reader import read_camt053
from ledgerbank_adapters.statement_files.reading.ofx_reader import read_ofx
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import MAX_STATEMENT_FILE_BYTES, StatementHints

LINES = 100_000
HINTS = StatementHints(currency=parse_currency("EUR"))

ENTRY = (
    '<Ntry><Amt Ccy="EUR">12.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt>'
    "<Dt>2026-01-05</Dt></BookgDt><ValDt><Dt>2026-01-05</Dt></ValDt><AcctSvcrRef>REF{number:012}</AcctSvcrRef><BkTxCd><Domn>"
    "<Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs>"
    "<EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties><Cdtr><Pty><Nm>Grocer</Nm></Pty></Cdtr></RltdPties>"
    "<RmtInf><Ustrd>Invoice {number}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
)
RECORD = (
    "<STMTTRN>\r\n<TRNTYPE>DEBIT\r\n<DTPOSTED>20260105120000[0:GMT]\r\n<TRNAMT>-12.50\r\n"
    "<FITID>FIT{number:012}\r\n<NAME>Grocer\r\n<MEMO>Invoice {number}\r\n</STMTTRN>\r\n"
)


def camt(inner: str) -> str:
    return (
        '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt><Stmt><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>{inner}</Stmt>"
        "</BkToCstmrStmt></Document>"
    )


def ofx(inner: str) -> str:
    return (
        "OFXHEADER:100\r\nDATA:OFXSGML\r\n\r\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKTRANLIST>"
        f"{inner}</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )


def lines(template: str) -> str:
    return "".join(template.format(number=number) for number in range(LINES))


def filled(with_: str) -> str:
    return with_ * (MAX_STATEMENT_FILE_BYTES // len(with_))


CAMT_FILES: dict[str, Callable[[], str]] = {
    "100,000 entries": lambda: camt(lines(ENTRY)),
    "entries as short as can be": lambda: camt(
        filled("<Ntry><Amt>1</Amt><CdtDbtInd>DBIT</CdtDbtInd><BookgDt><Dt>2026-01-05</Dt></BookgDt></Ntry>")
    ),
    "one id for all": lambda: camt(
        filled(
            "<Ntry><Amt>1</Amt><CdtDbtInd>DBIT</CdtDbtInd><BookgDt><Dt>2026-01-05</Dt></BookgDt>"
            "<AcctSvcrRef>A</AcctSvcrRef></Ntry>"
        )
    ),
    "empty entries": lambda: camt(filled("<Ntry/>")),
    "empty elements": lambda: camt(filled("<a/>")),
    "elements in elements": lambda: camt(filled("<a>")),
    "one entry of many payments": lambda: camt(f"<Ntry><NtryDtls>{filled('<TxDtls/>')}</NtryDtls></Ntry>"),
    "many statements": lambda: f"<BkToCstmrStmt>{filled('<Stmt/>')}</BkToCstmrStmt>",
    "one text": lambda: camt(f"<Ntry><AddtlNtryInf>{filled('x')}</AddtlNtryInf></Ntry>"),
    "one amount": lambda: camt(f"<Ntry><Amt>{filled('9')}</Amt></Ntry>"),
    "one attribute": lambda: camt(f'<Ntry a="{filled("x")}"/>'),
    "many attributes": lambda: camt("<Ntry " + " ".join(f'a{number}=""' for number in range(900_000)) + "/>"),
    "many namespaces": lambda: "<a " + " ".join(f'xmlns:n{n}="u"' for n in range(500_000)) + "/>",
    "bare ampersands": lambda: camt(f"<x>{filled('&')}</x>"),
    "references to nothing": lambda: camt(f"<x>{filled('&#0;')}</x>"),
    "bare angles": lambda: filled("<"),
    "entities": lambda: "<!DOCTYPE d [" + filled('<!ENTITY a "b">') + "]><d/>",
    "zeros": lambda: filled("\0"),
}
OFX_FILES: dict[str, Callable[[], str]] = {
    "100,000 records": lambda: ofx(lines(RECORD)),
    "records as short as can be": lambda: ofx(filled("<STMTTRN><DTPOSTED>20260105<TRNAMT>1</STMTTRN>")),
    "one id for all": lambda: ofx(filled("<STMTTRN><DTPOSTED>20260105<TRNAMT>1<FITID>A</STMTTRN>")),
    "empty records": lambda: ofx(filled("<STMTTRN>")),
    "values of no meaning": lambda: ofx(filled("<a>")),
    "elements in elements": lambda: ofx(filled("<a>\n") + "</a>"),
    "ends without begin": lambda: ofx(filled("</A>")),
    "many statements": lambda: ofx(filled("</BANKTRANLIST></STMTRS><STMTRS>")),
    "one memo of many": lambda: ofx(f"<STMTTRN>{filled('<MEMO>x')}</STMTTRN>"),
    "one name": lambda: ofx(f"<STMTTRN><NAME>{filled('x')}</STMTTRN>"),
    "one amount": lambda: ofx(f"<STMTTRN><TRNAMT>{filled('9')}</STMTTRN>"),
    "bare ampersands": lambda: ofx(f"<STMTTRN><NAME>{filled('&')}</STMTTRN>"),
    "bare angles": lambda: ofx(filled("<A")),
    "names that do not end": lambda: ofx(filled("<" + "A" * 263)),
    "attributes that do not end": lambda: ofx(filled("<A " + "x" * 240)),
    "sections that do not end": lambda: ofx(filled("<![CDATA[")),
    "comments that do not end": lambda: ofx(filled("<!--")),
    "headers": lambda: filled("ENCODING:"),
    "zeros": lambda: filled("\0"),
}


def peak_kilobytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)


def measured(format_name: str, name: str) -> str:
    make, read = (
        (CAMT_FILES[name], read_camt053) if format_name == "camt.053" else (OFX_FILES[name], read_ofx)
    )
    content = make().encode()
    before, begun, used = peak_kilobytes(), time.perf_counter(), time.process_time()
    try:
        statements = read(content, HINTS).statements
        count = sum(len(statement.movements) for statement in statements)
        outcome = f"{count:,} movements, {sum(len(statement.unread) for statement in statements):,} unread"
    except DomainError as refused:
        count, outcome = 0, refused.message
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    speed = f"{count / cpu:>9,.0f}/s" if count else " " * 11
    grown = (peak_kilobytes() - before) / 1024
    return (
        f"{format_name:9}{name:30}{len(content) / 1e6:6.1f} MB {cpu:6.2f} s ({seconds:.2f})"
        f"{speed} +{grown:4.0f} MB  {outcome}"
    )


def main() -> None:
    files = [("camt.053", name) for name in CAMT_FILES] + [("OFX", name) for name in OFX_FILES]
    for format_name, name in files:
        with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as one:
            print(one.submit(measured, format_name, name).result(), flush=True)


if __name__ == "__main__":
    main()
