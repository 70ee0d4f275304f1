"""camt.053 and OFX made to hurt: read or refused, in time and memory that grow as the file does.

The files are of a length at which time that grows with its square is long; those of 10 MB are in
``benchmarks/statement_reading.py``.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tests.support.scenes.camt_file import camt_document, camt_entry, camt_file, camt_statement
from tests.support.scenes.ofx_file import ofx_document, ofx_record, ofx_statement

from ledgerbank_adapters.statement_files.reading import camt053_document, unreadable_record
from ledgerbank_adapters.statement_files.reading.camt053_reader import read_camt053
from ledgerbank_adapters.statement_files.reading.ofx_reader import read_ofx
from ledgerbank_domain.banking.statement_file import StatementFile
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import StatementHints

HINTS = StatementHints(currency=parse_currency("EUR"))
LENGTH = 150_000
CPU_SECONDS = 4.0
ENTITIES = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.fixture(autouse=True)
def _smaller_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of files are made for 10 MB."""
    monkeypatch.setattr(unreadable_record, "_MAX_UNREAD", 1_000)
    monkeypatch.setattr(unreadable_record, "_MAX_STATEMENTS", 1_000)
    monkeypatch.setattr(camt053_document, "_MAX_ELEMENTS_HELD", 20_000)


@contextmanager
def soon() -> Iterator[None]:
    """Processor time, so that a busy machine changes nothing."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < CPU_SECONDS


def filled(with_: str) -> str:
    return with_ * (LENGTH // len(with_))


def camt_with(inner: str) -> bytes:
    return camt_document(camt_statement(inner)).encode(errors="surrogatepass")


def ofx_with(inner: str) -> bytes:
    return ofx_document(ofx_statement(inner)).encode(errors="surrogatepass")


def refusal_of(read: Callable[[bytes, StatementHints], StatementFile], content: bytes) -> str:
    with soon(), pytest.raises(DomainError) as refused:
        read(content, HINTS)
    assert refused.value.reason.code == "invalid_statement_file"
    assert len(refused.value.message) < 200
    return refused.value.message


@pytest.mark.parametrize(
    "content",
    [
        ENTITIES + camt_document(camt_statement(camt_entry(info="&b;"))).partition("\n")[2],
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>',
        '<!DOCTYPE d [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]><d/>',
        '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><d/>',
        "<!DOCTYPE d><d/>",
        # Broken as well, so that it is read a second time.
        ENTITIES + "<d>&b; & </d>",
    ],
)
def test_entities_and_document_types_are_refused_in_xml(content: str) -> None:
    assert "document type or entities" in refusal_of(read_camt053, content.encode())


@pytest.mark.parametrize(
    "declared", [ENTITIES, '<!DOCTYPE OFX SYSTEM "file:///etc/passwd">', '<!entity x "y">', "<!doctype OFX>"]
)
def test_entities_and_document_types_are_refused_in_ofx(declared: str) -> None:
    content = ofx_document(ofx_statement(ofx_record(name="&b;")))
    assert "document type or entities" in refusal_of(read_ofx, (declared + content).encode())
    assert "document type or entities" in refusal_of(
        read_ofx, content.replace("<OFX>", declared + "<OFX>").encode()
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (camt_with(filled("<a>")), "deep"),
        (filled("<a>").encode(), "deep"),
        (camt_with(filled("<Ntry/>")), "1000 records"),
        (camt_with(filled("<Bal/>")), "too much"),
        (camt_with("<Ntry>" + filled("<Nm/>") + "</Ntry>"), "too much"),
        (camt_document(filled("<Stmt/>")).encode(), "1000 statements"),
        (filled("<").encode(), "broken at line 1"),
        (camt_file(camt_entry())[:-20], "broken at line 2"),
        (b"PK\x03\x04" + bytes(1000), "broken at line 1"),
        (bytes(1000), "broken at line 1"),
        (b"\xff\xfe" + b"\xd8\x00" * 1000, "broken at line 1"),
    ],
)
def test_xml_that_is_no_statement_of_a_bank_is_refused(content: bytes, told: str) -> None:
    assert told in refusal_of(read_camt053, content)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (ofx_with(filled("<STMTTRN>")), "1000 records"),
        (ofx_with("".join(f"<A{number}></A{number}>" for number in range(5000))), "more kinds of elements"),
        (ofx_with("".join(f"<A{n}>\n" for n in range(99)) + "".join(f"</A{n}>" for n in range(99))), "deep"),
        (ofx_with(filled("</BANKTRANLIST></STMTRS><STMTRS>")), "1000 statements"),
        (b"PK\x03\x04" + bytes(1000), "no element of one"),
        (bytes(1000), "no element of one"),
        (filled("<OFX ").encode(), "no statement"),
        (filled("ENCODING:").encode(), "no element of one"),
    ],
)
def test_ofx_that_is_no_statement_of_a_bank_is_refused(content: bytes, told: str) -> None:
    assert told in refusal_of(read_ofx, content)


@pytest.mark.parametrize(
    "inner",
    [
        filled("<a/>"),
        "<Ntry " + " ".join(f'a{number}="{number}"' for number in range(20_000)) + "/>",
        f'<Ntry a="{filled("x")}"/>',
        f"<x>{filled('&')}</x>",
        f"<x>{filled('&#0;')}</x>",
        f"<!--{filled('- ')}-->",
        filled("<?a?>"),
        camt_entry(info=filled("x")),
        camt_entry(filled("9")),
        camt_entry(details=filled("<TxDtls/>")),
        camt_entry(details="<TxDtls><RmtInf>" + filled("<Ustrd>x</Ustrd>") + "</RmtInf></TxDtls>"),
    ],
)
def test_a_statement_is_read_beside_whatever_stands_in_it(inner: str) -> None:
    content = camt_with(camt_entry(ref="A") + inner + camt_entry(ref="B"))
    with soon():
        (statement,) = read_camt053(content, HINTS).statements
    known = [movement.external_id for movement in statement.movements if movement.external_id]
    assert known == ["A", "B"]


@pytest.mark.parametrize(
    "inner",
    [
        filled("<a>"),
        filled("<a></a>"),
        filled("<"),
        filled("<A"),
        f"<{filled('A')}",
        filled("<" + "A" * 263),
        filled("<A " + "x" * 240),
        filled("</A>"),
        filled("<![CDATA["),
        filled("<MEMO><![CDATA[x]]>"),
        filled("<!--"),
        filled("<MEMO>x"),
        f"<MEMO>{filled('< ')}",
        f"<MEMO>{filled('&')}",
        f"</A{filled(' ')}>",
        filled("<STATUS>"),
        filled("\0"),
        ofx_record(name=filled("x"), fitid=""),
        ofx_record(filled("9"), fitid=""),
    ],
)
def test_records_are_read_beside_whatever_stands_among_them(inner: str) -> None:
    content = ofx_with(ofx_record(fitid="A") + inner + ofx_record(fitid="B"))
    with soon():
        (statement,) = read_ofx(content, HINTS).statements
    known = {movement.external_id for movement in statement.movements if movement.external_id}
    assert known <= {"A", "B"}
    assert "A" in known


@pytest.mark.parametrize("hurt", ["\0", "\x07", "\x1b[31m", "\ud800", "\ufffe", "\u202e", "\x85"])
def test_controls_and_what_is_no_text_are_not_in_what_is_read(hurt: str) -> None:
    entry = camt_entry(ref=f"A{hurt}1", info=f"x{hurt}y")
    (statement,) = read_camt053(camt_with(entry), HINTS).statements
    (record,) = read_ofx(ofx_with(ofx_record(fitid=f"A{hurt}1", name=f"x{hurt}y")), HINTS).statements
    for movement in (*statement.movements, *record.movements):
        for text in (movement.description, movement.external_id or ""):
            assert text
            assert text.isprintable()
            text.encode()


@pytest.mark.parametrize("reference", ["&#0;", "&#x1F;", "&#xD800;", "&#x110000;", "&unknown;", "&", "&#;"])
def test_references_to_nothing_are_mended_or_kept_as_they_stand(reference: str) -> None:
    (statement,) = read_camt053(camt_with(camt_entry(info=f"R{reference}D")), HINTS).statements
    assert statement.movements[0].description in {"RD", "R&D", f"R{reference}D"}
    (statement,) = read_ofx(ofx_with(ofx_record(name=f"R{reference}D")), HINTS).statements
    assert statement.movements[0].description in {"RD", "R D", f"R{reference}D"}
