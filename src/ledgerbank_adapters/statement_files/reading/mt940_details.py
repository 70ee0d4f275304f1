"""What field 86 of MT940 says of a movement: who, and what for.

German banks write sub-fields behind a three-digit code (``?20`` to ``?29`` and ``?60`` to ``?63`` are what
for, ``?32`` and ``?33`` who), Dutch ones words between slashes (``/NAME/``, ``/REMI/``). Anything else is a
text.
"""

import re
from collections.abc import Mapping, Sequence

_CODE = re.compile(r"[0-9]{3}([^0-9A-Za-z\s])(?=[0-9]{2})")
_FULL_LINE = 65
_FULL_SUBFIELD = 27
_MAX_LENGTH = 8192
_PURPOSE = (*range(20, 30), *range(60, 64))
_NAME = (32, 33)
_BOOKING_TEXT = 0
_SEPA_WORD = re.compile(r"(?:EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP)\+")
_SLASHED = re.compile(
    r"/(EREF|ORDP|BENM|CNTP|REMI|NAME|IBAN|BIC|TRTP|MARF|CSID|PREF|ISDT|ADDR|RTRN|SVCL|TRCD|KREF|UDTR|UCRD"
    r"|PURP)/"
)
_STRUCTURED = re.compile(r"/?(?:USTD|STRD)/")
_COUNTERPARTY_NAME = 2


def told_in_details(lines: Sequence[str]) -> tuple[str, ...]:
    """The parts of a description, as far as the field says them."""
    lines = _first_of(lines)
    if not lines:
        return ()
    code = _CODE.match(lines[0].lstrip())
    if code:
        return _from_subfields("".join(lines).lstrip(), code[1])
    text = _joined(lines, _FULL_LINE)
    if len(_SLASHED.findall(text)) > 1 or text.startswith("/REMI/"):
        return _from_words(text)
    return (text,)


def _first_of(lines: Sequence[str]) -> list[str]:
    """As many lines as a description can need."""
    kept: list[str] = []
    length = 0
    for line in lines:
        if length >= _MAX_LENGTH:
            break
        kept.append(line[:_MAX_LENGTH])
        length += len(kept[-1])
    return kept


def _from_subfields(text: str, mark: str) -> tuple[str, ...]:
    subfields: dict[int, str] = {}
    for part in re.split(rf"{re.escape(mark)}(?=[0-9]{{2}})", text)[1:]:
        subfields[int(part[:2])] = subfields.get(int(part[:2]), "") + part[2:]
    name = _joined([subfields[number] for number in _NAME if number in subfields], _FULL_SUBFIELD)
    purpose = _joined([subfields[number] for number in _PURPOSE if number in subfields], _FULL_SUBFIELD)
    told = tuple(part for part in (name.strip(), _said_in(purpose).strip()) if part)
    return told or (subfields.get(_BOOKING_TEXT, ""),)


def _said_in(purpose: str) -> str:
    """What stands behind SVWZ+, where SEPA's words are used; all of it where they are not."""
    words = [(found.start(), found.end(), found[0]) for found in _SEPA_WORD.finditer(purpose)]
    for at, (_, begins, word) in enumerate(words):
        if word == "SVWZ+":
            return purpose[begins : words[at + 1][0] if at + 1 < len(words) else None]
    return purpose


def _from_words(text: str) -> tuple[str, ...]:
    words = list(_SLASHED.finditer(text))
    told: dict[str, str] = {}
    for at, found in enumerate(words):
        ends = words[at + 1].start() if at + 1 < len(words) else len(text)
        told.setdefault(found[1], text[found.end() : ends])
    name = told.get("NAME") or _counterparty_name(told)
    remittance = _STRUCTURED.sub("", told.get("REMI", "")).strip("/ ")
    return tuple(part for part in (name.strip("/ "), remittance) if part) or (text,)


def _counterparty_name(told: Mapping[str, str]) -> str:
    parts = told.get("CNTP", "").split("/")
    return parts[_COUNTERPARTY_NAME] if len(parts) > _COUNTERPARTY_NAME else ""


def _joined(parts: Sequence[str], full: int) -> str:
    """Parts that were cut because they were full go on without a blank."""
    said = ""
    for part in parts:
        said += part if len(part) >= full else f"{part} "
    return said
