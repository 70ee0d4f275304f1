"""What an account is called by in files that others read."""

import re
from base64 import urlsafe_b64encode
from uuid import UUID

from ledgerbank_domain.banking.account_statement import AccountStatement

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]*", re.ASCII)
_CHECKED_BY = 97


def iban_of(statement: AccountStatement) -> str | None:
    """The account's IBAN, where that is what its bank calls it by; its check digits must be right."""
    text = (statement.external_account_id or "").replace(" ", "").upper()
    if not _IBAN.fullmatch(text):
        return None
    turned = text[4:] + text[:4]
    number = int("".join(str(int(character, 36)) for character in turned))
    return text if number % _CHECKED_BY == 1 else None


def account_number(statement: AccountStatement, *, max_length: int) -> str:
    """The bank's own number of the account; else, or when that has no room, our id in so few characters."""
    number = (statement.external_account_id or "").replace(" ", "")
    if len(number) <= max_length and _NUMBER.fullmatch(number):
        return number
    in_hexadecimal = statement.account_id.hex
    return in_hexadecimal if len(in_hexadecimal) <= max_length else short_id(statement.account_id)


def short_id(account_id: UUID) -> str:
    """An id in 22 characters of base64."""
    return urlsafe_b64encode(account_id.bytes).decode().rstrip("=")
