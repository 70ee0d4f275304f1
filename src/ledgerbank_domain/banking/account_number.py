"""What people know an account by: a sort code with a number, or an IBAN, each in one spelling."""

import re

_SORT_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_SORT_CODE_LENGTH = 6
_NUMBER = re.compile(r"[0-9]{7,8}", re.ASCII)
_NUMBER_LENGTH = 8
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
# A bank's name, then sort code and number: https://www.swift.com/resource/iban-registry-pdf
_UK_IBAN = re.compile(r"GB[0-9]{2}[A-Z]{4}([0-9]{6})([0-9]{8})", re.ASCII)
_BETWEEN = re.compile(r"[\s\-]+")
_IBAN_MODULUS = 97


def uk_account_number(sort_code: object, number: object) -> str | None:
    """One spelling of both; None for what is none, such as a number that a bank has masked."""
    code, digits = _plain(sort_code), _plain(number)
    if not (_SORT_CODE.fullmatch(code) and _NUMBER.fullmatch(digits)) or not int(digits):
        return None
    return f"GB {code} {digits.zfill(_NUMBER_LENGTH)}"


def uk_account_identification(text: object) -> str | None:
    """The same of a sort code and number that are written as one."""
    digits = _plain(text)
    return uk_account_number(digits[:_SORT_CODE_LENGTH], digits[_SORT_CODE_LENGTH:])


def iban_account_number(iban: object) -> str | None:
    """One spelling; of a British one the same as of its sort code and number. None for what is no IBAN."""
    text = _plain(iban)
    if not _IBAN.fullmatch(text) or _check_value(text) != 1:
        return None
    british = _UK_IBAN.fullmatch(text)
    return text if british is None else uk_account_number(*british.groups())


def _plain(value: object) -> str:
    """As it is without what is put in for people; numbers may have lost their zeros and are left alone."""
    return _BETWEEN.sub("", value).upper() if isinstance(value, str) else ""


def _check_value(iban: str) -> int:
    """ISO 13616: the country and its check digits go last, letters count from ten."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % _IBAN_MODULUS
