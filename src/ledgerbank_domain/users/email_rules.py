"""What a new e-mail address must look like: a local part of atoms, ``@``, and the name of a domain.

What is refused is refused by its kind, as Unicode tells it, so that nothing is missing from a list: controls,
formats, blanks and whatever else nobody sees, signs that look like a dot, names that no mail server resolves.
Stored addresses are not asked again: who had one before these rules goes on logging in.
"""

import string
from unicodedata import category

from ledgerbank_domain.identity.text_folding import has_ignorable
from ledgerbank_domain.users.domain_name_rules import is_domain_name

_MAX_LOCAL_OCTETS = 64
# ``atext`` of RFC 5322 §3.2.3, https://www.rfc-editor.org/rfc/rfc5322#section-3.2.3
_ASCII_ATEXT = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-/=?^_`{|}~")
# Mailbox names may have letters beyond ASCII (RFC 6531); of those only what is written, not what is drawn.
_WRITTEN = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"})
_MARKS = frozenset({"Mn", "Mc"})


def is_email_address(text: str) -> bool:
    """Whether mail can have this address: ``local@domain`` of RFC 5321 §4.1.2 with RFC 6531.

    Quoted local parts, comments and address literals are none that a person has.
    """
    local, at, domain = text.rpartition("@")
    return bool(at) and _is_local_part(local) and is_domain_name(domain)


def _is_local_part(local: str) -> bool:
    """A dot-atom: atoms with single dots between them."""
    if len(local.encode(errors="replace")) > _MAX_LOCAL_OCTETS or has_ignorable(local):
        return False
    return all(_is_atom(atom) for atom in local.split("."))


def _is_atom(atom: str) -> bool:
    # A mark at the beginning would be written onto the sign before it.
    return bool(atom) and category(atom[0]) not in _MARKS and all(map(_is_atext, atom))


def _is_atext(character: str) -> bool:
    return character in _ASCII_ATEXT if character.isascii() else category(character) in _WRITTEN
