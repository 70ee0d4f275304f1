"""What the simulated bank shows, in the shapes of UK Open Banking's Account Information v3.1.

https://openbankinguk.github.io/read-write-api-site3/v3.1.10/profiles/account-and-transaction-api-profile.html
Amounts are decimal strings without a sign; the sign is in ``CreditDebitIndicator``.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from ledgerbank_adapters.simulated_bank.books.simulated_account import SimulatedAccount, SimulatedTransaction
from ledgerbank_adapters.simulated_bank.grants.simulated_consents import SimulatedConsent
from ledgerbank_domain.money.currency import stored_currency
from ledgerbank_domain.money.exact_decimals import EXACT

Payload = dict[str, Any]


def open_banking_instant(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds")


def open_banking_consent(consent: SimulatedConsent) -> Payload:
    shown: Payload = {
        "ConsentId": consent.id,
        "CreationDateTime": open_banking_instant(consent.created),
        "Status": consent.status.value,
        "StatusUpdateDateTime": open_banking_instant(consent.status_updated),
        "Permissions": list(consent.permissions),
    }
    bounds = {
        "ExpirationDateTime": consent.expires_at,
        "TransactionFromDateTime": consent.transactions_from,
        "TransactionToDateTime": consent.transactions_to,
    }
    return shown | {name: open_banking_instant(bound) for name, bound in bounds.items() if bound is not None}


def open_banking_account(account: SimulatedAccount, *, detail: bool) -> Payload:
    """``Account``, with sort code and account number, only in ``detail``."""
    shown: Payload = {
        "AccountId": account.id,
        "Status": "Deleted" if account.closed else "Enabled",
        "StatusUpdateDateTime": open_banking_instant(account.created),
        "Currency": account.currency,
        "AccountType": account.kind.open_banking_type,
        "AccountSubType": account.kind.open_banking_subtype,
        "Description": account.description,
        "Nickname": account.description,
        "OpeningDate": account.created.date().isoformat(),
    }
    if detail:
        identification = f"{account.sort_code}{account.account_number}"
        shown["Account"] = [
            {
                "SchemeName": "UK.OBIE.SortCodeAccountNumber",
                "Identification": identification,
                "Name": " and ".join(account.owner_names),
            }
        ]
    return shown


def open_banking_balances(account: SimulatedAccount, now: datetime) -> list[Payload]:
    """``InterimAvailable`` counts what is pending, ``InterimBooked`` does not."""
    figures = {"InterimAvailable": account.balance, "InterimBooked": account.booked_balance}
    return [
        {
            "AccountId": account.id,
            "CreditDebitIndicator": _indicator(figure),
            "Type": kind,
            "DateTime": open_banking_instant(now),
            "Amount": _amount(figure, account.currency),
        }
        for kind, figure in figures.items()
    ]


def open_banking_transaction(
    account: SimulatedAccount, transaction: SimulatedTransaction, *, detail: bool
) -> Payload:
    """``BookingDateTime`` stays when it settles; ``ValueDateTime`` comes then. Texts only in ``detail``."""
    shown: Payload = {
        "AccountId": account.id,
        "TransactionId": transaction.id,
        "TransactionReference": transaction.id[-12:],
        "CreditDebitIndicator": _indicator(transaction.amount),
        "Status": _status(transaction),
        "TransactionMutability": "Mutable" if transaction.is_pending else "Immutable",
        "BookingDateTime": open_banking_instant(transaction.created),
        "Amount": _amount(transaction.amount, account.currency),
    }
    if transaction.settled is not None:
        shown["ValueDateTime"] = open_banking_instant(transaction.settled)
    if detail:
        texts = [transaction.description, transaction.notes]
        shown["TransactionInformation"] = " - ".join(text for text in texts if text)[:500]
        if transaction.merchant is not None:
            shown["MerchantDetails"] = {
                "MerchantName": transaction.merchant.name,
                "MerchantCategoryCode": transaction.merchant.category_code,
            }
    return shown


def _status(transaction: SimulatedTransaction) -> str:
    if not transaction.stands:
        return "Rejected"
    return "Pending" if transaction.is_pending else "Booked"


def _indicator(amount: int) -> str:
    """Of nothing it is Credit, as the standard says of a balance."""
    return "Debit" if amount < 0 else "Credit"


def _amount(minor_units: int, currency: str) -> Payload:
    digits = stored_currency(currency).minor_digits
    return {"Amount": str(Decimal(abs(minor_units)).scaleb(-digits, EXACT)), "Currency": currency}
