"""ISO 4217 currencies and their minor digits.

A currency that ends moves from the active codes to the withdrawn ones: nothing new begins in it, and what was
booked in it can be read for ever.

Source: the ISO 4217 "list one" of active codes, https://www.six-group.com/en/products-services/financial-information/market-reference-data/data-standards.html
Codes without minor units (metals, bond units, test codes) are left out: no account can be held in them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

_CODES_BY_MINOR_DIGITS = {
    0: ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF "
        "CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
        "GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL "
        "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
        "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP "
        "TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: ("BHD IQD JOD KWD LYD OMR TND"),
    4: ("CLF UYW"),
}

# Ended since 2015. "List three" of the same standard has them with the date.
_WITHDRAWN_CODES_BY_MINOR_DIGITS = {
    0: ("BYR"),
    2: ("ANG BGN CUC HRK LTL MRO SLL STD VEF ZWL"),
}

MAX_FRACTION_DIGITS = 4
"""No currency has more."""

_MINOR_DIGITS = {
    code: minor_digits
    for table in (_CODES_BY_MINOR_DIGITS, _WITHDRAWN_CODES_BY_MINOR_DIGITS)
    for minor_digits, codes in table.items()
    for code in codes.split()
}

_CODE = re.compile(r"[A-Z]{3}", re.ASCII)
_CODE_SHAPE = re.compile(r"[A-Za-z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency, by its code of ISO 4217.

    ``minor_digits`` is the number of digits after the point: of a currency that the tables know, theirs.
    Raises ``invalid_currency_format``.
    """

    code: str
    minor_digits: int

    def __post_init__(self) -> None:
        code: object = self.code
        digits: object = self.minor_digits
        is_a_code = isinstance(code, str) and _CODE.fullmatch(code) is not None
        if not is_a_code or type(digits) is not int or not 0 <= digits <= MAX_FRACTION_DIGITS:
            raise DomainError(Reason.INVALID_CURRENCY_FORMAT, field="currency")
        if _MINOR_DIGITS.get(self.code, digits) != digits:
            raise DomainError(Reason.INVALID_CURRENCY_FORMAT, field="currency")

    def __str__(self) -> str:
        return self.code


def _currencies(codes_by_minor_digits: Mapping[int, str]) -> dict[str, Currency]:
    codes = " ".join(codes_by_minor_digits.values()).split()
    return {code: Currency(code, _MINOR_DIGITS[code]) for code in codes}


CURRENCIES = _currencies(_CODES_BY_MINOR_DIGITS)
"""Those that something new may begin in."""

KNOWN_CURRENCIES = CURRENCIES | _currencies(_WITHDRAWN_CODES_BY_MINOR_DIGITS)
"""Those and the withdrawn ones."""


def stored_currency(code: str) -> Currency:
    """The currency of something that is already in the books, withdrawn or not.

    One that no table knows (a newer program wrote it) has all the digits that storage has.
    """
    return KNOWN_CURRENCIES.get(code) or Currency(code, MAX_FRACTION_DIGITS)


def parse_known_currency(value: object) -> Currency:
    """Of a question about what is there: withdrawn ones too. Raises ``invalid_currency_format``."""
    currency = KNOWN_CURRENCIES.get(parse_currency_code(value))
    if currency is None:
        raise DomainError(Reason.INVALID_CURRENCY_FORMAT)
    return currency


def require_currency(value: object) -> None:
    """A ``Currency``, not its code; active or not. Raises ``invalid_currency_format``."""
    if type(value) is not Currency:
        raise DomainError(Reason.INVALID_CURRENCY_FORMAT, field="currency")


def parse_currency(value: object) -> Currency:
    """The active currency with this three-letter code, in any case. Raises ``invalid_currency_format``."""
    currency = CURRENCIES.get(parse_currency_code(value))
    if currency is None:
        raise DomainError(Reason.INVALID_CURRENCY_FORMAT)
    return currency


def parse_currency_code(value: object) -> str:
    """Three letters, upper-cased, whether or not such a currency exists.

    A payment's currency only has to equal its account's, so an unknown code there is a mismatch and not
    a format error. Raises ``invalid_currency_format``.
    """
    if isinstance(value, str) and _CODE_SHAPE.fullmatch(value.strip()):
        return value.strip().upper()
    raise DomainError(Reason.INVALID_CURRENCY_FORMAT)
