"""What addresses mail can have, and the names of their domains, held against a library of IDNA."""

from unicodedata import bidirectional, category

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_domain.users.domain_name_rules import is_domain_name
from ledgerbank_domain.users.email_rules import is_email_address

LONGEST_DOMAIN = ".".join(["d" * 63] * 3 + ["e" * 61])


@pytest.mark.parametrize(
    "address",
    [
        "alice@example.com",
        "Alice.B@Example.COM",
        "!#$%&'*+-/=?^_`{|}~@x.io",
        "a@b.c",
        "a@3com.com",
        "a@b-c.d",
        "a@r3---sn.x",
        "x" * 64 + "@b.c",
        "\u00e9" * 32 + "@b.c",
        "a@" + "b" * 63 + ".c",
        "zo\u00eb@ex\u00e4mple.de",
        "q\u0323\u0307@example.com",
        "\u0438\u0432\u0430\u043d@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
        "user@\u4f8b\u3048.\u30c6\u30b9\u30c8",
        "\u0623@\u0645\u062b\u0627\u0644.\u0625\u062e\u062a\u0628\u0627\u0631",
        "\u0915\u094d\u0937\u092e@\u0909\u0926\u093e\u0939\u0930\u0923.\u092d\u093e\u0930\u0924",
        "a@xn--bcher-kva.example",
        "a@XN--Bcher-KVA.example",
        "a@fa\u00df.de",
        "a@xn--fa-hia.de",
        "strasse@\uff45xample.de",
    ],
    ids=ascii,
)
def test_an_address_is_atoms_and_the_name_of_a_domain(address: str) -> None:
    assert is_email_address(address)


@pytest.mark.parametrize(
    "address",
    [
        # No domain, or none that anybody resolves.
        "x@.",
        "a@b",
        "a@b..c",
        "a@b.c.",
        "a@.b.c",
        "a@-b.c",
        "a@b-.c",
        "a@b.-c",
        "a@b_c.d",
        "a@b!c.d",
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        "a@127.0.0.1",
        "a@b.1",
        "a@" + "b" * 64 + ".c",
        "a@" + "\u00fc" * 60 + ".c",
        "a@" + ".".join(["d" * 63] * 3 + ["e" * 62]),
        # No dot-atom.
        "@b.c",
        ".a@b.c",
        "a.@b.c",
        "a..b@b.c",
        "a,b@c.d",
        "a;b@c.d",
        "a:b@c.d",
        "a\\b@c.d",
        "a<b@c.d",
        "Alice <a@b.c>",
        "a(comment)@b.c",
        '"a b"@c.d',
        '"a"@c.d',
        "a@b@c.d",
        "x" * 65 + "@b.c",
        "\u00e9" * 33 + "@b.c",
        "\u0301a@b.c",
        # What nobody sees, and what turns what is seen.
        "a b@c.d",
        "a\u00a0b@c.d",
        "a\x07@b.c",
        "a\x7f@b.c",
        "a\x85@b.c",
        "a\u2028@b.c",
        "al\u00adice@b.c",
        "al\u200bice@b.c",
        "al\u200dice@b.c",
        "al\u202eice@b.c",
        "a\u2066@b.c",
        "a\u061c@b.c",
        "a\ufeff@b.c",
        "a\u034f@b.c",
        "a\u115f@b.c",
        "a\u3164@b.c",
        "a\u2800@b.c",
        "a\ufe0f@b.c",
        "a\U000e0041@b.c",
        "a\ue000@b.c",
        "a\ud800@b.c",
        "a\uffff@b.c",
        "a@b\u200b.c",
        "a@b\u202e.c",
        "a@b\u3164.c",
        # What looks like a dot, or becomes one when it is folded.
        "a@b\u3002c",
        "a@b\uff0ec",
        "a@b\uff61c",
        "a@b\u2024c",
        "a@b\u2488c.d",
        "a\u2488@b.c",
        # Signs that are drawn, not written, or become other ones.
        "\U0001f600@b.c",
        "a@\U0001f600.c",
        "a@xn--ls8h.la",
        "a@b\u2122.c",
        "a@b\u2100.c",
        "a\uff20b.c",
        "a@b\u00b7c.d",
        # Labels that say nothing, or not what they seem to.
        "a@xn--.c",
        "a@xn--a.c",
        "a@xn--abc-.c",
        "a@xn--zz-zz.c",
        "a@xn--a-ecp.c",
        "a@\u0301b.c",
        "a@\u05d0a.c",
        "a@\u0661\u06f1\u05d0.c",
    ],
    ids=ascii,
)
def test_what_mail_cannot_have_or_people_cannot_read_is_no_address(address: str) -> None:
    assert not is_email_address(address)


@given(st.emails(domains=st.sampled_from(["example.com", "b.c", LONGEST_DOMAIN])))
def test_every_dot_atom_is_a_local_part(address: str) -> None:
    assert is_email_address(address)


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_none(text: str) -> None:
    is_email_address(text)
    is_email_address(f"a@{text}.example")
    is_email_address(f"a@xn--{text}.example")


def test_no_sign_is_taken_in_a_domain_that_idna_does_not_know() -> None:
    """Signs of the planes in use, but for the thousands of ideographs and syllables that are all alike."""
    alike = [range(0x3500, 0x9F00), range(0xAC10, 0xD790), range(0x17100, 0x18700), range(0x20010, 0xE0000)]
    taken = [
        code
        for code in range(0x80, 0xE0200)
        if not any(code in each for each in alike) and is_domain_name(_name_with(chr(code)))
    ]

    assert len(taken) > 10_000
    assert [hex(code) for code in taken if not _idna_takes(_name_with(chr(code)))] == []


def _name_with(sign: str) -> str:
    beside = "\u05d0" if bidirectional(sign) in ("R", "AL", "AN") else "a"
    return f"{beside}{sign}{beside}.{beside}{beside}"


def _idna_takes(name: str) -> bool:
    try:
        idna.encode(name, uts46=True, std3_rules=True)
    except idna.IDNAError:
        return False
    return True


@pytest.mark.parametrize("sign", "\u00e9\u03b1\u0436\u05d0\u0628\u0915\u0e01\u3042\u4e2d\uac00", ids=ascii)
def test_letters_of_every_script_are_taken(sign: str) -> None:
    assert category(sign) in ("Ll", "Lo")
    assert is_domain_name(_name_with(sign))
