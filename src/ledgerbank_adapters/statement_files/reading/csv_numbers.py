"""Amounts as banks write them: signs, marks, currencies and separators of all kinds.

Which of point and comma parts the fraction is a question to a whole file: ``1,234`` alone does not say. Only
digits 0 to 9 count; exponents, infinities and digits of other scripts are no amounts.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

_SPACES = dict.fromkeys(
    map(ord, "\xa0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000"), " "
)
_MINUSES = dict.fromkeys(map(ord, "\u2212\u2012\u2013\u2014\ufe63\uff0d\u2010\u2011"), "-")
_APOSTROPHES = dict.fromkeys(map(ord, "\u2019\u2018\u02bc\u00b4`"), "'")
_NOTHING = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202c\ufeff\u200b"), "")
_PLAIN_LETTERS = _SPACES | _MINUSES | _APOSTROPHES | _NOTHING
_CURRENCY = r"(?:[A-Za-z]{3}\b|[A-Z]{0,3}[$€£¥₺₹₽₩₪₴₫฿]|kr\.?|zł|Kč|Ft|Fr\.?|lei|zl)"
_WRITTEN = re.compile(
    rf"(?P<open>\()? ?(?P<sign1>[+-])? ?(?P<currency1>{_CURRENCY})? ?(?P<sign2>[+-])? ?"
    rf"(?P<digits>[0-9.,][0-9., ']*(?<! )) ?"
    rf"(?P<sign3>[+-])? ?(?P<currency2>{_CURRENCY})? ?(?P<mark>CR|DR|DB|OD|[CDSH])?"
    rf"(?P<sign4>[+-])? ?(?P<close>\))?",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"(-?)([0-9]{1,13}(?:\.[0-9]{1,2})?)", re.ASCII)
_MARKS = {"CR": 1, "C": 1, "H": 1, "DR": -1, "DB": -1, "OD": -1, "D": -1, "S": -1}
_CODES = {"€": "EUR", "ZŁ": "PLN", "ZL": "PLN", "KČ": "CZK", "£": "GBP", "₺": "TRY", "₹": "INR", "FT": "HUF"}
_MAX_LENGTH = 64
_MAX_INTEGER_DIGITS = 13
_CODE_LENGTH = 3
_SHAPES = {
    ".": re.compile(
        r"(?:[0-9]{1,3}([ ',])[0-9]{3}(?:\1[0-9]{3})*"
        r"|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}|[0-9]+)?(?:\.([0-9]+))?"
    ),
    ",": re.compile(r"(?:[0-9]{1,3}([ '.])[0-9]{3}(?:\1[0-9]{3})*|[0-9]+)?(?:,([0-9]+))?"),
}
_SEPARATORS = str.maketrans("", "", " '")


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number before it is known which mark parts its fraction.

    ``sign`` is 1 or -1 as written, 0 when none is; ``currency`` is the code that stands beside it, if any.
    """

    sign: int
    digits: str
    currency: str | None = None

    @property
    def is_marked(self) -> bool:
        """Whether it has a point or comma at all."""
        return "." in self.digits or "," in self.digits

    def magnitude(self, decimal_mark: str, minor_digits: int) -> Decimal | None:
        """The number without its sign, under this decimal mark; None where it is none.

        More digits than the currency has are none, unless they are zeros.
        """
        shape = _SHAPES[decimal_mark].fullmatch(self.digits)
        if shape is None:
            return None
        whole, _, fraction = self.digits.rpartition(decimal_mark) if shape[2] else (self.digits, "", "")
        fraction = fraction.rstrip("0")
        whole = whole.translate(_SEPARATORS).replace("." if decimal_mark == "," else ",", "").lstrip("0")
        if len(whole) > _MAX_INTEGER_DIGITS or len(fraction) > minor_digits:
            return None
        return Decimal(f"{whole or '0'}.{fraction}" if fraction else whole or "0")


def written_number(cell: str) -> WrittenNumber | None:
    """What number a cell holds; None when it holds none."""
    if plain := _PLAIN.fullmatch(cell):
        return WrittenNumber(-1 if plain[1] else 0, plain[2])
    if len(cell) > _MAX_LENGTH or not cell:
        return None
    found = _WRITTEN.fullmatch(cell.translate(_PLAIN_LETTERS).strip())
    if (
        found is None
        or bool(found["open"]) != bool(found["close"])
        or (found["currency1"] and found["currency2"])
    ):
        return None
    signs = [-1 if found[name] == "-" else 1 for name in ("sign1", "sign2", "sign3", "sign4") if found[name]]
    if found["open"]:
        signs.append(-1)
    if len(signs) > 1:
        return None
    if found["mark"]:
        signs.append(_MARKS[found["mark"].upper()])
    if len(set(signs)) > 1:
        return None
    currency = found["currency1"] or found["currency2"]
    return WrittenNumber(signs[0] if signs else 0, found["digits"], _code(currency) if currency else None)


def _code(currency: str) -> str | None:
    upper = currency.upper()
    if upper in _CODES:
        return _CODES[upper]
    return upper if len(upper) == _CODE_LENGTH and upper.isascii() and upper.isalpha() else None
