"""ISO 4217 currencies and their minor digits.

Source: the ISO 4217 "list one" of active codes, https://www.six-group.com/en/products-services/financial-information/market-reference-data/data-standards.html
Codes without minor units (metals, bond units, test codes) are left out: no account can be held in them.
"""

import re
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

_CODE_SHAPE = re.compile(r"[A-Za-z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Currency:
    """An active ISO 4217 currency. ``minor_digits`` is the number of digits after the point."""

    code: str
    minor_digits: int

    def __str__(self) -> str:
        return self.code


CURRENCIES = {
    code: Currency(code, minor_digits)
    for minor_digits, codes in _CODES_BY_MINOR_DIGITS.items()
    for code in codes.split()
}


def parse_currency(value: object) -> Currency:
    """The currency with this three-letter code, in any case. Raises ``invalid_currency_format``."""
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
