"""What a UK Open Banking API answers, as far as it is asked for; classes are named as in the standard.

https://openbankinguk.github.io/read-write-api-site3/v3.1.10/ and …/v4.0/, which differ in the names of a few
fields and in the codes they hold: one class reads both.
"""

from datetime import datetime
from typing import Any

from attrs import field, frozen

from ledgerbank_adapters.bank_http.bank_values import as_text


@frozen(kw_only=True)
class OpenBankingTokens:
    """RFC 6749 §5.1, with the consent that the tokens belong to, where the bank says. Names as they are."""

    access_token: str = field(repr=False)
    expires_in: int | None = None
    refresh_token: str | None = field(default=None, repr=False)
    scope: str | None = None
    consent_id: str | None = None


@frozen(kw_only=True)
class ConsentData:
    """The account access consent that was lodged, and whether it was authorised."""

    consent_id: str
    status: str


@frozen(kw_only=True)
class OBReadConsentResponse1:
    """…/resources-and-data-models/aisp/account-access-consents.html"""

    data: ConsentData


@frozen(kw_only=True)
class AccountKind:
    """Enough to tell whether the rest is of interest. Banks may leave it out.

    Version 4.0 has ``account_type_code`` where 3.1 has ``account_sub_type``.
    """

    account_type_code: str | None = None
    account_sub_type: str | None = None

    @property
    def kind(self) -> str | None:
        """The code of what the account is, of either version."""
        return self.account_type_code or self.account_sub_type


@frozen(kw_only=True)
class AccountData:
    """The accounts, each read by itself: its kind first, then, where this product knows it, the rest."""

    account: tuple[Any, ...] = ()


@frozen(kw_only=True)
class OBReadAccount6:
    """…/resources-and-data-models/aisp/Accounts.html"""

    data: AccountData


@frozen(kw_only=True)
class OBAccount6(AccountKind):
    """…/resources-and-data-models/aisp/Accounts.html"""

    account_id: str
    currency: str
    status: Any = None
    nickname: Any = None
    description: Any = None
    account: Any = None

    @property
    def number(self) -> object:
        """The account's first number, whatever its scheme."""
        first = self.account[0] if isinstance(self.account, list) and self.account else None
        return first.get("Identification") if isinstance(first, dict) else None

    @property
    def identifications(self) -> list[tuple[str, str]]:
        """Each of the account's numbers with its scheme, both as texts; what is no text is no number."""
        listed = self.account if isinstance(self.account, list) else []
        told = [
            (each.get("SchemeName"), each.get("Identification")) for each in listed if isinstance(each, dict)
        ]
        return [
            (scheme.upper(), identification)
            for scheme, identification in told
            if isinstance(scheme, str) and isinstance(identification, str)
        ]


@frozen(kw_only=True)
class CurrencyAmount:
    """``amount`` is a decimal without sign."""

    amount: str
    currency: str


@frozen(kw_only=True)
class CreditLine:
    """What may be overdrawn, and whether the balance's amount holds it already: not, unless it says so."""

    included: bool = False
    amount: CurrencyAmount | None = None


@frozen(kw_only=True)
class BalanceType:
    """Enough to tell whether the rest is of interest."""

    type: str | None = None


@frozen(kw_only=True)
class Balance:
    """One of several balances of an account; ``type`` says which, ``date_time`` when it was that."""

    type: str
    credit_debit_indicator: str
    amount: CurrencyAmount
    date_time: datetime | None = None
    credit_line: tuple[CreditLine, ...] = ()


@frozen(kw_only=True)
class BalanceData:
    """All balances of one account, each to be read by itself."""

    balance: tuple[Any, ...]


@frozen(kw_only=True)
class OBReadBalance1:
    """…/resources-and-data-models/aisp/Balances.html"""

    data: BalanceData


@frozen(kw_only=True)
class OBTransaction6:
    """``transaction_id`` is optional in the standard, for movements that the bank cannot name yet.

    What only describes a movement may be anything.
    """

    status: str
    credit_debit_indicator: str
    booking_date_time: datetime
    amount: CurrencyAmount
    transaction_id: str | None = None
    transaction_information: Any = None
    transaction_reference: Any = None
    merchant_details: Any = None

    @property
    def merchant_name(self) -> str | None:
        """Whom was paid, as far as the bank knows."""
        details = self.merchant_details
        return as_text(details.get("MerchantName")) if isinstance(details, dict) else None


@frozen(kw_only=True)
class TransactionData:
    """One page of transactions, each to be read by itself; a page may be empty."""

    transaction: tuple[Any, ...] = ()


@frozen(kw_only=True)
class Links:
    """Where the next page is; None on the last."""

    next: str | None = None


@frozen(kw_only=True)
class OBReadTransaction6:
    """…/resources-and-data-models/aisp/Transactions.html"""

    data: TransactionData
    links: Links = Links()
