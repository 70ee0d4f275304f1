"""How much two texts say the same movement: banks cut what they print, shout it and repeat it. Pure."""

import re
from dataclasses import dataclass
from enum import IntEnum

from ledgerbank_domain.identity.text_folding import search_form

_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
# Texts of banks are cut at 18 letters or more: a shorter one that ends within a number is another number.
_SHORTEST_CUT = 16
_SHORTEST_BEGINNING = 4
# What stands in most of a bank's texts tells none of them apart.
_COMMON_WORDS = frozenset(
    {
        *("bank", "bill", "card", "cash", "contactless", "credit", "debit", "deposit", "direct", "faster"),
        *("from", "mastercard", "online", "order", "payment", "payments", "pos", "purchase", "ref"),
        *("reference", "sepa", "standing", "the", "transaction", "transfer", "visa", "withdrawal"),
        *(
            "gutschrift",
            "kartenzahlung",
            "lastschrift",
            "uberweisung",
            "ueberweisung",
            "virement",
            "prelevement",
        ),
    }
)


class Likeness(IntEnum):
    """How well two texts may be of one movement."""

    UNLIKE = 0
    """They name different things."""
    ALIKE = 1
    """They share a word that tells something, or one of them tells nothing."""
    SAME = 2
    """They are the same, or one is the other's beginning."""


@dataclass(frozen=True, slots=True)
class TellingText:
    """What of a text tells its movement apart: its words, each once, in their order.

    ``joined`` is the words without what is between them; ``telling`` are those that few others have;
    ``numbers`` those of them with a digit.
    """

    joined: str
    telling: frozenset[str]
    numbers: frozenset[str]

    @classmethod
    def of(cls, description: str) -> "TellingText":
        """Case, punctuation and what is said twice make no difference."""
        words = list(dict.fromkeys(_WORD.findall(search_form(description))))
        return cls(
            joined="".join(words),
            telling=frozenset(words) - _COMMON_WORDS,
            numbers=frozenset(word for word in words if _DIGIT.search(word)),
        )

    def likeness(self, other: "TellingText") -> Likeness:
        """How well this and the other may be of one movement."""
        if self.joined == other.joined or _is_cut(*sorted((self.joined, other.joined), key=len)):
            return Likeness.SAME
        if not self.telling or not other.telling:
            return Likeness.ALIKE
        if self.numbers and other.numbers and not self.numbers & other.numbers:
            return Likeness.UNLIKE
        return Likeness.ALIKE if self.telling & other.telling else Likeness.UNLIKE


def _is_cut(short: str, long: str) -> bool:
    if len(short) < _SHORTEST_BEGINNING or not long.startswith(short):
        return False
    ends_within_number = short[-1].isdigit() and long[len(short)].isdigit()
    return len(short) >= _SHORTEST_CUT or not ends_within_number
