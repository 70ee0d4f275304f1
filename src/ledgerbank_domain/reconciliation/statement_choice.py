"""Which of a file's statements are of an account. Pure."""

import re
from collections.abc import Sequence

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.statement_file import FiledStatement, StatementFile
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

_DIGITS_TOLD = 4
_NO_SIGN = re.compile(r"[^0-9A-Z]")
_MAX_ACCOUNTS_TOLD = 20


def statements_of(account: Account, file: StatementFile) -> tuple[FiledStatement, ...]:
    """Those that are the account's, in the file's order.

    That is, those that call it by its number, or by its last four digits; where the account says no number,
    or the file none, all those of its currency that call one account. Raises ``invalid_statement_file`` for a
    file without a statement, and ``statement_of_another_account`` naming those that it is about.
    """
    if not file.statements:
        raise DomainError(Reason.INVALID_STATEMENT_FILE, message="The file holds no statement")
    of_currency = [each for each in file.statements if each.currency == account.currency]
    named = [each for each in of_currency if _is_of(account, each.account_number) is True]
    possible = named or [each for each in of_currency if _is_of(account, each.account_number) is None]
    if not possible or len({_plain(each.account_number) for each in possible}) > 1:
        raise DomainError(
            Reason.STATEMENT_OF_ANOTHER_ACCOUNT, field="file", accounts=_accounts_of(file.statements)
        )
    return tuple(possible)


def _is_of(account: Account, number: str | None) -> bool | None:
    """None: nothing says so, and nothing says otherwise."""
    plain = _plain(number)
    if not plain:
        return None
    if account.external_account_id is not None and _plain(account.external_account_id) == plain:
        return True
    digits = re.sub(r"[^0-9]", "", plain)
    if account.last_four is None or len(digits) < _DIGITS_TOLD:
        return None
    return digits.endswith(account.last_four)


def _plain(number: str | None) -> str:
    return _NO_SIGN.sub("", (number or "").upper())


def _accounts_of(statements: Sequence[FiledStatement]) -> list[str]:
    """By their last four characters and their currency, each once."""
    told = [
        f"{_plain(each.account_number)[-_DIGITS_TOLD:] or '?'} {each.currency.code}" for each in statements
    ]
    return list(dict.fromkeys(told))[:_MAX_ACCOUNTS_TOLD]
