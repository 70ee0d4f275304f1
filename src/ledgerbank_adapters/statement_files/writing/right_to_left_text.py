"""Arabic and Hebrew as they are painted: letters joined, from left to right.

Joining follows https://www.unicode.org/versions/Unicode16.0.0/core-spec/chapter-9/, order
https://www.unicode.org/reports/tr9/.
"""

import unicodedata
from collections.abc import Container, Iterator, Mapping
from functools import cache

from fpdf.bidi import BidiParagraph

_ISOLATED, _INITIAL, _MEDIAL, _FINAL = "<isolated>", "<initial>", "<medial>", "<final>"
_PRESENTATION_FORMS = (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFF))
_LONGEST = 2
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_MIRRORED = dict(zip("()[]{}<>\xab\xbb", ")(][}{><\xbb\xab", strict=True))


def is_right_to_left(text: str) -> bool:
    """Whether anything of it is written from right to left."""
    return any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in text)


def joined(text: str, known: Container[int]) -> str:
    """The text with Arabic letters in the forms that they have beside each other, of those known by code."""
    units = list(_units(text))
    letters = [number for number, unit in enumerate(units) if unicodedata.category(unit[0]) != "Mn"]
    neighbours = {
        number: (
            units[letters[place - 1]] if place else "",
            units[letters[place + 1]] if place + 1 < len(letters) else "",
        )
        for place, number in enumerate(letters)
    }
    told = []
    for number, unit in enumerate(units):
        form = _form(unit, *neighbours.get(number, ("", "")))
        told.append(form if form is not None and ord(form) in known else unit)
    return "".join(told)


def in_visual_order(line: str) -> str:
    """One line, from left to right."""
    if not is_right_to_left(line):
        return line
    placed = BidiParagraph(text=line).get_reordered_characters()
    return "".join(
        _MIRRORED.get(each.character, each.character) if each.embedding_level % 2 else each.character
        for each in placed
    )


@cache
def _forms() -> Mapping[str, Mapping[str, str]]:
    """By letter, or by the two that lam and alef make one of: what each form is called, and which it is."""
    forms: dict[str, dict[str, str]] = {}
    for code in _PRESENTATION_FORMS:
        kind, *letters = unicodedata.decomposition(chr(code)).split() or ("",)
        unit = "".join(chr(int(letter, 16)) for letter in letters)
        is_lam_alef = (
            len(letters) == _LONGEST and unit[0] == "\u0644" and unit[1] in "\u0622\u0623\u0625\u0627"
        )
        if kind in (_ISOLATED, _INITIAL, _MEDIAL, _FINAL) and (len(letters) == 1 or is_lam_alef):
            forms.setdefault(unit, {})[kind] = chr(code)
    return forms


def _units(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        length = _LONGEST if text[place : place + _LONGEST] in _forms() else 1
        yield text[place : place + length]
        place += length


def _form(unit: str, before: str, after: str) -> str | None:
    forms = _forms()
    of_unit = forms.get(unit)
    if of_unit is None:
        return None
    joins_before = _FINAL in of_unit and _INITIAL in forms.get(before, {})
    joins_after = _INITIAL in of_unit and _FINAL in forms.get(after, {})
    if joins_before and joins_after:
        return of_unit.get(_MEDIAL)
    if joins_before:
        return of_unit.get(_FINAL)
    return of_unit.get(_INITIAL if joins_after else _ISOLATED)
