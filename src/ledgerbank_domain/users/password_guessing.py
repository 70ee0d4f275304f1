"""Which passwords are guessed first: common ones, the owner's own words, and what hands type by themselves.

As NIST SP 800-63B-4 §3.1.1.2 asks it is the whole password that is compared, not a word within it, and no
class of characters is demanded. Case, width and blanks make no difference.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise

from ledgerbank_domain.identity.text_folding import folded

BLANK = "A password is more than blanks."
COMMON = "This password is one of those that are guessed first: choose another."
REPEATED = "This password is a few signs, again and again: choose another."
PLAIN_RUN = "This password follows the alphabet, the digits or the keys: choose another."
OWN_WORDS = "This password is made of its owner's name or e-mail, or of LedgerBank's name: choose another."

IsCommon = Callable[[str], bool]

_PRODUCT_WORDS = ("ledgerbank", "ledger", "bank")
_SHORTEST_WORD = 3
_SHORTEST_RUN = 3
_LONGEST_UNIT = 3
# What is left of a password without its owner's words is decoration up to this many letters and signs.
_DECORATING_LETTERS = 2
_DECORATING_SIGNS = 7
_NO_WORD = re.compile(r"[\W_]+")
_LINES = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    # Rows of keys on boards for English, German and French, and the columns of all.
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    *("1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik,", "9ol.", "0p;/"),
    "!@#$%^&*()",
    "\u0430\u0431\u0432\u0433\u0434\u0435\u0436\u0437\u0438\u0439\u043a\u043b\u043c\u043d\u043e\u043f",
    "\u0439\u0446\u0443\u043a\u0435\u043d\u0433\u0448\u0449\u0437\u0445\u044a",
)


def weakness_of(password: str, *, email: str, full_name: str, is_common: IsCommon) -> str | None:
    """Why this password of theirs would be guessed soon, in words that do not repeat it; None: it would not.

    ``is_common`` is asked about folded passwords.
    """
    whole = folded(password)
    typed = "".join(whole.split())
    if not typed:
        return BLANK
    if is_common(whole) or is_common(typed):
        return COMMON
    if _is_plain_run(typed):
        return PLAIN_RUN
    words = [*_PRODUCT_WORDS, *_words_of_email(folded(email)), *_words_of(folded(full_name))]
    is_own = partial(_is_made_of, words=words)
    if _is_repeated(typed, is_weak=lambda unit: is_common(unit) or _is_plain_run(unit) or is_own(unit)):
        return REPEATED
    return OWN_WORDS if is_own(typed) else None


def _is_repeated(text: str, *, is_weak: Callable[[str], bool]) -> bool:
    """One beginning twice or more, to its end or not: of up to three signs, or weak by itself."""
    periods = (period for period in range(1, len(text) // 2 + 1) if text[period:] == text[:-period])
    shortest = next(periods, None)
    return shortest is not None and (shortest <= _LONGEST_UNIT or is_weak(text[:shortest]))


def _is_plain_run(text: str) -> bool:
    """Whether all of it is three or more neighbours of a line at a time, either way, or one sign thrice."""
    reached = {0}
    for start in range(len(text)):
        if start in reached:
            end = _end_of_run(text, start)
            reached.update(range(start + _SHORTEST_RUN, end + 1))
    return len(text) in reached


def _end_of_run(text: str, start: int) -> int:
    ways, end = _ALL_WAYS, start + 1
    while end < len(text) and (ways := ways & _ways(text[end - 1], text[end])):
        end += 1
    return end


def _ways(one: str, other: str) -> frozenset[int]:
    return _SAME if one == other else _WAYS.get(one + other, frozenset())


def _neighbours(lines: Sequence[str]) -> dict[str, frozenset[int]]:
    """On which lines, numbered from 1, the second of two signs follows the first; backwards by -1."""
    ways: dict[str, frozenset[int]] = {}
    for number, line in enumerate(lines, start=1):
        for one, other in pairwise(line):
            ways[one + other] = ways.get(one + other, frozenset()) | {number}
            ways[other + one] = ways.get(other + one, frozenset()) | {-number}
    return ways


_WAYS = _neighbours(_LINES)
_SAME = frozenset({0})
_ALL_WAYS = _SAME.union(*_WAYS.values())


def _words_of_email(email: str) -> Iterable[str]:
    local, _, domain = email.partition("@")
    return (email, *_words_of(local), *_words_of(domain))


def _words_of(text: str) -> Iterable[str]:
    """The text, whole and without what is between its words, and its words."""
    words = _NO_WORD.split(text)
    return ("".join(text.split()), "".join(words), *words)


def _is_made_of(text: str, words: Iterable[str]) -> bool:
    """Whether next to nothing is left without these words, forwards or backwards."""
    either_way = {way for word in words if len(word) >= _SHORTEST_WORD for way in (word, word[::-1])}
    if not either_way:
        return False
    longest_first = sorted(either_way, key=len, reverse=True)
    left = re.sub("|".join(map(re.escape, longest_first)), "", text)
    if left == text or sum(map(str.isalpha, left)) > _DECORATING_LETTERS:
        return False
    return len(left) <= _DECORATING_SIGNS or _is_plain_run(left)
