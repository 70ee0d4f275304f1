"""What a UK Open Banking API answers, as far as it is asked for; classes are named as in the standard.

https://openbankinguk.github.io/read-write-api-site3/v3.1.10/
"""

from datetime import datetime

from attrs import field, frozen


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
class AccountSubType:
    """Enough to tell whether the rest is of interest."""

    account_sub_type: str


@frozen(kw_only=True)
class AccountSubTypes:
    """The accounts by their kind alone: those that this product knows are read whole after that."""

    account: tuple[AccountSubType, ...]


@frozen(kw_only=True)
class OBReadAccountKinds:
    """``OBReadAccount6``, of which only the kinds of the accounts are read."""

    data: AccountSubTypes


@frozen(kw_only=True)
class AccountIdentification:
    """A number of an account, and the scheme that it is one of."""

    scheme_name: str
    identification: str


@frozen(kw_only=True)
class OBAccount6:
    """…/resources-and-data-models/aisp/Accounts.html"""

    account_id: str
    account_sub_type: str
    currency: str
    status: str | None = None
    nickname: str | None = None
    description: str | None = None
    account: tuple[AccountIdentification, ...] = ()


@frozen(kw_only=True)
class CurrencyAmount:
    """``amount`` is a decimal without sign."""

    amount: str
    currency: str


@frozen(kw_only=True)
class CreditLine:
    """What may be overdrawn, and whether the balance's amount holds it already."""

    included: bool
    amount: CurrencyAmount | None = None


@frozen(kw_only=True)
class Balance:
    """One of several balances of an account; ``type`` says which."""

    type: str
    credit_debit_indicator: str
    amount: CurrencyAmount
    credit_line: tuple[CreditLine, ...] = ()


@frozen(kw_only=True)
class BalanceData:
    """All balances of one account."""

    balance: tuple[Balance, ...]


@frozen(kw_only=True)
class OBReadBalance1:
    """…/resources-and-data-models/aisp/Balances.html"""

    data: BalanceData


@frozen(kw_only=True)
class MerchantDetails:
    """Whom was paid, as far as the bank knows."""

    merchant_name: str | None = None


@frozen(kw_only=True)
class OBTransaction6:
    """``transaction_id`` is optional in the standard, for movements that the bank cannot name yet."""

    status: str
    credit_debit_indicator: str
    booking_date_time: datetime
    amount: CurrencyAmount
    transaction_id: str | None = None
    transaction_information: str | None = None
    transaction_reference: str | None = None
    merchant_details: MerchantDetails | None = None


@frozen(kw_only=True)
class TransactionData:
    """One page of transactions; a page may be empty."""

    transaction: tuple[OBTransaction6, ...] = ()


@frozen(kw_only=True)
class Links:
    """Where the next page is; None on the last."""

    next: str | None = None


@frozen(kw_only=True)
class OBReadTransaction6:
    """…/resources-and-data-models/aisp/Transactions.html"""

    data: TransactionData
    links: Links = Links()
