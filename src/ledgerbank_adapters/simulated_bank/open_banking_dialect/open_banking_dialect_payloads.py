"""What the simulated bank shows, in the shapes of UK Open Banking's Account Information, 3.1 and 4.0.

https://openbankinguk.github.io/read-write-api-site3/v3.1.10/profiles/account-and-transaction-api-profile.html
https://openbankinguk.github.io/read-write-api-site3/v4.0/profiles/account-and-transaction-api-profile.html
Amounts are decimal strings without a sign; the sign is in ``CreditDebitIndicator``.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ledgerbank_adapters.simulated_bank.books.simulated_account import (
    BalanceKind,
    SimulatedAccount,
    SimulatedTransaction,
)
from ledgerbank_adapters.simulated_bank.books.simulated_habits import NamedMovements, SimulatedHabits
from ledgerbank_adapters.simulated_bank.grants.simulated_consents import ConsentStatus, SimulatedConsent
from ledgerbank_adapters.simulated_bank.odd_records import RecordFields, made_odd
from ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_versions import OpenBankingVersion
from ledgerbank_domain.money.currency import stored_currency
from ledgerbank_domain.money.exact_decimals import EXACT

Payload = dict[str, Any]

_ACCOUNT_FIELDS = RecordFields(
    date=("OpeningDate",),
    currency=("Currency",),
    amount=("Currency",),
    id=("AccountId",),
    texts=("Description", "Nickname"),
)
_MOVEMENT_FIELDS = RecordFields(
    date=("BookingDateTime",),
    currency=("Amount", "Currency"),
    amount=("Amount", "Amount"),
    id=("TransactionId",),
    texts=("TransactionInformation", "TransactionReference", "MerchantDetails"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The version that is spoken, and the habits of the bank that speaks."""

    version: OpenBankingVersion
    habits: SimulatedHabits

    def instant(self, instant: datetime) -> str:
        return self.habits.spelled(instant, self.version.instant)


def open_banking_consent(consent: SimulatedConsent, version: OpenBankingVersion, now: datetime) -> Payload:
    """In 4.0 a consent that ran out is told so, and one that waits says what it waits for."""
    expired = version.expired_consent if consent.is_expired(now) else None
    shown: Payload = {
        "ConsentId": consent.id,
        "CreationDateTime": version.instant(consent.created),
        "Status": expired or version.consent_statuses[consent.status],
        "StatusUpdateDateTime": version.instant(consent.status_updated),
        "Permissions": list(consent.permissions),
    }
    if version.has_iso_codes and consent.status is ConsentStatus.AWAITING_AUTHORISATION:
        waits = "The customer has yet to decide"
        shown["StatusReason"] = [{"StatusReasonCode": "U036", "StatusReasonDescription": waits}]
    bounds = {
        "ExpirationDateTime": consent.expires_at,
        "TransactionFromDateTime": consent.transactions_from,
        "TransactionToDateTime": consent.transactions_to,
    }
    return shown | {name: version.instant(bound) for name, bound in bounds.items() if bound is not None}


def open_banking_account(account: SimulatedAccount, wording: Wording, *, detail: bool) -> Payload:
    """``Account``, with sort code and account number, only in ``detail``."""
    shown: Payload = {
        "AccountId": account.id,
        "Status": "Deleted" if account.closed else "Enabled",
        "StatusUpdateDateTime": wording.instant(account.created),
        "Currency": account.currency,
        "Description": account.description,
        "Nickname": account.description,
        "OpeningDate": account.created.date().isoformat(),
    }
    bare = wording.habits.bare_accounts
    if not bare:
        shown |= _kind(account, wording.version)
    if detail and not bare:
        identification = f"{account.sort_code}{account.account_number}"
        shown["Account"] = [
            {
                "SchemeName": "UK.OBIE.SortCodeAccountNumber",
                "Identification": identification,
                "Name": " and ".join(account.owner_names),
            }
        ]
    return made_odd(shown, account.oddity, _ACCOUNT_FIELDS)


def open_banking_balances(account: SimulatedAccount, wording: Wording, now: datetime) -> list[Payload]:
    """Those that the bank shows of the account.

    What is available counts what is pending, and holds the credit line: of a card, what may still be spent.
    """
    late = account.entered_after(now - timedelta(seconds=wording.habits.balance_lag_seconds))
    unknown, unbooked = sum(each.amount for each in late), sum(each.amount for each in late if each.settled)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    figures = {
        BalanceKind.AVAILABLE: (account.balance - unknown + account.credit_line, now),
        BalanceKind.BOOKED: (account.booked_balance - unbooked, now),
        BalanceKind.CLOSING: (account.booked_before(midnight), midnight),
    }
    return [_balance(account, kind, *figures[kind], wording) for kind in account.balance_kinds]


def open_banking_transaction(
    account: SimulatedAccount, transaction: SimulatedTransaction, wording: Wording, *, detail: bool
) -> Payload:
    """``BookingDateTime`` stays when it settles; ``ValueDateTime`` comes then. Texts only in ``detail``."""
    version = wording.version
    shown: Payload = {
        "AccountId": account.id,
        "TransactionId": transaction.told_id,
        "TransactionReference": transaction.id[-12:],
        "CreditDebitIndicator": _indicator(transaction.amount),
        "Status": _status(transaction, version),
        "TransactionMutability": "Mutable" if transaction.is_pending else "Immutable",
        "BookingDateTime": wording.instant(transaction.created),
        "Amount": _amount(transaction.amount, account.currency),
    }
    if not _is_named(transaction, wording.habits):
        del shown["TransactionId"]
    if transaction.settled is not None:
        shown["ValueDateTime"] = wording.instant(transaction.settled)
    if version.has_iso_codes:
        shown["BankTransactionCode"] = _bank_transaction_code(transaction)
    if detail:
        texts = [transaction.description, transaction.notes]
        shown["TransactionInformation"] = " - ".join(text for text in texts if text)[:500]
        if transaction.merchant is not None:
            shown["MerchantDetails"] = {
                "MerchantName": transaction.merchant.name,
                "MerchantCategoryCode": transaction.merchant.category_code,
            }
    return made_odd(shown, transaction.oddity, _MOVEMENT_FIELDS)


def _kind(account: SimulatedAccount, version: OpenBankingVersion) -> Payload:
    kind = account.kind
    if version.has_iso_codes:
        return {"AccountCategory": kind.open_banking_type, "AccountTypeCode": kind.cash_account_type}
    return {"AccountType": kind.open_banking_type, "AccountSubType": kind.open_banking_subtype}


def _balance(
    account: SimulatedAccount, kind: BalanceKind, figure: int, at: datetime, wording: Wording
) -> Payload:
    shown: Payload = {
        "AccountId": account.id,
        "CreditDebitIndicator": _indicator(figure),
        "Type": wording.version.balance_types[kind],
        "DateTime": wording.instant(at),
        "Amount": _amount(figure, account.currency),
    }
    if account.credit_line:
        line = {
            "Included": kind is BalanceKind.AVAILABLE,
            "Type": "Credit" if account.kind.is_card else "Pre-Agreed",
            "Amount": _amount(account.credit_line, account.currency),
        }
        shown["CreditLine"] = [line]
    return shown


def _is_named(transaction: SimulatedTransaction, habits: SimulatedHabits) -> bool:
    match habits.named_movements:
        case NamedMovements.ALL:
            return True
        case NamedMovements.BOOKED:
            return not transaction.is_pending
        case NamedMovements.NONE:
            return False


def _bank_transaction_code(transaction: SimulatedTransaction) -> Payload:
    """Family and sub-family of ISO 20022 domain PMNT: https://www.iso20022.org/catalogue-messages/additional-content-messages/external-code-sets"""
    if transaction.merchant is not None:
        return {"Code": "CCRD", "SubCode": "POSD"}
    return {"Code": "ICDT" if transaction.amount < 0 else "RCDT", "SubCode": "DMCT"}


def _status(transaction: SimulatedTransaction, version: OpenBankingVersion) -> str:
    if not transaction.stands:
        return version.rejected
    return version.pending if transaction.is_pending else version.booked


def _indicator(amount: int) -> str:
    """Of nothing it is Credit, as the standard says of a balance."""
    return "Debit" if amount < 0 else "Credit"


def _amount(minor_units: int, currency: str) -> Payload:
    digits = stored_currency(currency).minor_digits
    return {"Amount": str(Decimal(abs(minor_units)).scaleb(-digits, EXACT)), "Currency": currency}
