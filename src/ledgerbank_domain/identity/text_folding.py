"""Folding text: when two texts are the same, however they were typed, by one answer for every adapter.

A database's own idea of it depends on its locale and C library, so nothing of this is left to one.
"""

import re
from unicodedata import normalize

# Default_Ignorable_Code_Point of Unicode 17: soft hyphens, joiners, variation selectors and the like, which
# nobody sees. https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_DOTTED_I = "i\u0307"


def folded(text: str) -> str:
    """The one spelling of all texts that are the same: NFKC_Casefold of the Unicode Standard (3.13, D147).

    Case, width, ligatures, the order and composition of marks, and what nobody sees make no difference;
    accents do. Folding twice changes nothing more. https://www.unicode.org/versions/latest/core-spec/chapter-3/
    """
    if text.isascii():
        return text.lower()
    spelling = _folded_once(text)
    # What was ignored may have stood between marks that combine now.
    while (again := _folded_once(spelling)) != spelling:
        spelling = again
    return spelling


def has_ignorable(text: str) -> bool:
    """Whether it holds something that nobody sees and that folding leaves out."""
    return not text.isascii() and _IGNORABLE.search(text) is not None


def search_form(text: str) -> str:
    """What a text is found by: a question is found where its form is part of the other's form.

    As :func:`folded`, and an i with a dot of its own is an i: ``istanbul`` is looked for, ``İstanbul`` meant.
    """
    return folded(text).replace(_DOTTED_I, "i")


def _folded_once(text: str) -> str:
    # Decomposed first, because a mark in the middle of a composed letter may be one that folds.
    folded_once = _IGNORABLE.sub("", normalize("NFD", text).casefold())
    return normalize("NFKC", normalize("NFKC", folded_once).casefold())
