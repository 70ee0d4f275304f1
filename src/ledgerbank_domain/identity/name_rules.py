"""What things that people name may be called."""

from unicodedata import category

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_folding import has_ignorable
from ledgerbank_domain.identity.text_rules import parse_text

_LETTERS_MARKS_AND_NUMBERS = "LMN"
# An apostrophe and a dash are typed in two ways each.
_PUNCTUATION = frozenset(" '\u2019-\u2013.,&/()+")

_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})
# Of Persian, of Indic scripts and of emoji.
_JOINERS = frozenset("\u200c\u200d")


def parse_name(value: object, *, min_length: int, max_length: int) -> str:
    """Letters with their marks and numbers of every script, spaces and ``' ’ - – . , & / ( ) +``, trimmed.

    Raises ``invalid_name_format``.
    """  # noqa: RUF002 - both apostrophes and both dashes are meant
    name = parse_text(value, reason=Reason.INVALID_NAME_FORMAT, min_length=min_length, max_length=max_length)
    if not all(_may_be_in_a_name(character) for character in name):
        raise DomainError(Reason.INVALID_NAME_FORMAT)
    return name


def parse_visible_name(value: object, *, max_length: int) -> str:
    """What people call themselves, trimmed: any signs, as long as all of it is seen as it is written.

    Controls, other line breaks, formats (those that turn the direction among them) and fillers are refused;
    joiners and marks, such as those that select the form of a sign, belong to many scripts. Raises
    ``invalid_name_format``.
    """
    name = parse_text(value, reason=Reason.INVALID_NAME_FORMAT, max_length=max_length)
    seen = "".join(each for each in name if each not in _JOINERS and category(each) != "Mn")
    if not seen or has_ignorable(seen) or any(category(each) in _UNSEEN for each in seen):
        raise DomainError(Reason.INVALID_NAME_FORMAT)
    return name


def _may_be_in_a_name(character: str) -> bool:
    return character in _PUNCTUATION or category(character)[0] in _LETTERS_MARKS_AND_NUMBERS
