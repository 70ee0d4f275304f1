"""A customer's account and how postings are booked on it."""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID

from ledgerbank_domain.banking.balance_proof import Completeness
from ledgerbank_domain.banking.house_bank import HOUSE_BANK_ID
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import is_text, parse_shape, parse_text
from ledgerbank_domain.identity.value_rules import (
    plain_decimal,
    read_given_fields,
    require_ids,
    require_instants,
    require_member,
    require_names,
    require_optional_ids,
    require_optional_instants,
    require_optional_member,
    require_optional_texts,
    require_texts,
)
from ledgerbank_domain.ledger.journal import (
    SPENDING_KINDS,
    CustomerAccount,
    Direction,
    JournalEntry,
    Posting,
)
from ledgerbank_domain.money.currency import Currency, parse_currency, require_currency
from ledgerbank_domain.money.money import CEILING, Money, money_as_written, parse_decimal, require_money

MAX_ACCOUNT_NAME_LENGTH = 100
MAX_EXTERNAL_ACCOUNT_ID_LENGTH = 256
IMMUTABLE_ACCOUNT_FIELDS = (
    "currency",
    "account_type",
    "user_bank_login_id",
    "external_account_id",
    "balance",
    "last_four",
)
MISSED_FOR = timedelta(days=1)
"""How long a bank may show nothing at all before its word is taken: outages end within a day."""
_LAST_FOUR = re.compile(r"[0-9]{4}")


class AccountType(Enum):
    """What an account is for; the daily limit depends on it, and only CREDIT may have a credit limit."""

    CHECKING = "CHECKING"
    SAVINGS = "SAVINGS"
    CREDIT = "CREDIT"
    INVESTMENT = "INVESTMENT"


class AccountStatus(Enum):
    """Whether payments may move money on an account: only while it is ACTIVE. CLOSED is final."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    CLOSED = "CLOSED"
    FROZEN = "FROZEN"
    SUSPENDED = "SUSPENDED"


class AccountSource(Enum):
    """Where an account's movements come from: its bank's feed, statement files, or nowhere but here."""

    PROVIDER = "provider"
    """A bank login tells of it."""
    FILES = "files"
    """Its owner brings its bank's statements."""
    NONE = "none"
    """It is held here: its money is ours to move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a customer has at a bank: a balance, and how it comes about.

    ``balance`` is always the sum of the account's lines; only :meth:`booked` changes it.

    ``source`` is where its movements come from. A :attr:`fed` account's money moves at its bank, so the bank
    is its one master: nobody pays from it or to it here, and its balance is what the bank says, also below
    zero. Any other account is held here; once it has a line, that never changes. ``user_bank_login_id`` is
    None for one that was opened at the house bank; ``external_account_id`` is the bank's own id for it, and
    unique for a customer at a bank.

    ``number_hash`` is what stands for the number that people know it by (a keyed hash): by it an account is
    known again to which its bank gave another id. ``missing_since`` is since when its bank shows it no
    longer, while nobody here set its status since.

    ``bank_id`` names the clearing account on the other side of its movements. ``line_count`` numbers the
    lines without gaps, so that a lost or inserted line is seen. ``last_posted_at`` and ``last_booked_at`` are
    the times of the last of them, and ``day_spent`` is what payments took from it in the day of UTC that
    the last one was posted in, less what of that was reversed. ``completeness`` is how far its lines are
    proved by the balances that its bank states: one for each provider that told of it.
    """

    id: UUID
    user_id: UUID
    user_bank_login_id: UUID | None = None
    bank_id: UUID
    source: AccountSource = AccountSource.NONE
    account_type: AccountType
    account_name: str
    balance: Money
    credit_limit: Money
    day_spent: Money
    status: AccountStatus = AccountStatus.ACTIVE
    last_four: str | None = None
    external_account_id: str | None = None
    number_hash: str | None = field(default=None, repr=False)
    missing_since: datetime | None = None
    last_sync_at: datetime | None = None
    line_count: int = 0
    last_posted_at: datetime | None = None
    last_booked_at: datetime | None = None
    completeness: tuple[Completeness, ...] = ()
    inserted_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        require_ids(id=self.id, user_id=self.user_id, bank_id=self.bank_id)
        require_optional_ids(user_bank_login_id=self.user_bank_login_id)
        require_member(AccountSource, self.source, Reason.INVALID_FIELD_FORMAT, field="source")
        require_member(AccountType, self.account_type, Reason.INVALID_ACCOUNT_TYPE, field="account_type")
        require_member(AccountStatus, self.status, Reason.INVALID_STATUS, field="status")
        require_texts(
            MAX_ACCOUNT_NAME_LENGTH, Reason.INVALID_ACCOUNT_NAME_FORMAT, account_name=self.account_name
        )
        require_optional_texts(
            MAX_EXTERNAL_ACCOUNT_ID_LENGTH,
            last_four=self.last_four,
            external_account_id=self.external_account_id,
            number_hash=self.number_hash,
        )
        require_money(balance=self.balance, credit_limit=self.credit_limit, day_spent=self.day_spent)
        if self.credit_limit.currency != self.balance.currency:
            raise DomainError(Reason.CURRENCY_MISMATCH, field="credit_limit")
        if self.day_spent.currency != self.balance.currency:
            raise DomainError(Reason.CURRENCY_MISMATCH, field="day_spent")
        require_optional_instants(last_sync_at=self.last_sync_at, missing_since=self.missing_since)
        require_instants(inserted_at=self.inserted_at, updated_at=self.updated_at)

    @property
    def currency(self) -> Currency:
        """The currency of its balance, which never changes."""
        return self.balance.currency

    @property
    def fed(self) -> bool:
        """Whether its money moves at its bank, whichever way the bank's word comes here."""
        return self.source is not AccountSource.NONE

    @property
    def available_balance(self) -> Money:
        """What may be spent: the balance and, on top, what the credit limit allows."""
        return self.balance + self.credit_limit

    @property
    def is_active(self) -> bool:
        """Whether payments may move money on it."""
        return self.status is AccountStatus.ACTIVE

    @property
    def ledger_account(self) -> CustomerAccount:
        """Its place in the ledger, by which its postings are known."""
        return CustomerAccount(self.id)

    def spent_on_day_of(self, instant: datetime) -> Money:
        """What payments took from it in that day of UTC, or since: its last line may be dated ahead."""
        if self.last_posted_at is None or _day(self.last_posted_at) < _day(instant):
            return Money.zero(self.currency)
        return self.day_spent

    def booked(
        self, entry: JournalEntry, posting: Posting, *, undone: JournalEntry | None = None
    ) -> tuple["Account", Transaction]:
        """The account after this posting, and the line that records it.

        ``undone`` is the entry that this one reverses, if it reverses what somebody spent.

        Raises ``negative_balance`` when the balance would fall below its floor and ``amount_exceeds_limit``
        or what was spent that day would outgrow storage.
        """
        if posting.account != self.ledger_account:
            raise ValueError(f"posting {posting.id} is not on account {self.id}")
        balance = self.balance + posting.signed_amount
        if not self.may_hold(balance):
            raise DomainError(Reason.NEGATIVE_BALANCE, account_id=str(self.id))
        day_spent = self._spent_with(entry, posting, undone)
        if not (balance.is_representable and day_spent.is_representable):
            raise DomainError(Reason.AMOUNT_EXCEEDS_LIMIT, account_id=str(self.id))
        account = replace(
            self,
            balance=balance,
            day_spent=day_spent,
            line_count=self.line_count + 1,
            last_posted_at=entry.posted_at,
            last_booked_at=entry.inserted_at,
            updated_at=entry.inserted_at,
        )
        return account, Transaction.from_posting(
            entry,
            posting,
            user_id=self.user_id,
            balance_after=balance,
            day_spent=day_spent,
            line_number=account.line_count,
        )

    def _spent_with(self, entry: JournalEntry, posting: Posting, undone: JournalEntry | None) -> Money:
        """What is spent of the entry's day. A reversal gives back what was spent that very day."""
        is_new_day = self.last_posted_at is None or _day(self.last_posted_at) != _day(entry.posted_at)
        spent = Money.zero(self.currency) if is_new_day else self.day_spent
        if entry.kind in SPENDING_KINDS and posting.direction is Direction.DEBIT:
            return spent + posting.amount
        gives_back = (
            undone is not None
            and undone.kind in SPENDING_KINDS
            and posting.direction is Direction.CREDIT
            and _day(undone.posted_at) == _day(entry.posted_at)
        )
        return spent - posting.amount if gives_back else spent

    def may_hold(self, balance: Money) -> bool:
        """Whether the balance is above the floor, ``-credit_limit``. What a bank says of its own has none."""
        return self.fed or balance >= -self.credit_limit

    def fed_by_files(self, *, at: datetime) -> "Account":
        """The account once statement files tell of it. Its identity at the bank and its history stay.

        Raises ``account_held_here`` for one at the house bank, and for one whose lines were booked here.
        """
        self._check_tellable()
        return replace(self.shown_again(at=at), source=AccountSource.FILES, updated_at=at)

    def told_by(
        self, login_id: UUID, *, bank_id: UUID, external_account_id: str | None, at: datetime
    ) -> "Account":
        """The account once this login tells of it, by this id of its bank's. Its history stays.

        Told so already, what its number is known by is forgotten: its owner vouches for it. Raises
        ``account_held_here`` as :meth:`fed_by_files`.
        """
        self._check_tellable()
        told = replace(
            self.shown_again(at=at),
            source=AccountSource.PROVIDER,
            user_bank_login_id=login_id,
            bank_id=bank_id,
            external_account_id=external_account_id,
            updated_at=at,
        )
        is_vouched_for = replace(told, updated_at=self.updated_at) == self.shown_again(at=self.updated_at)
        return replace(told, number_hash=None) if is_vouched_for else told

    def _check_tellable(self) -> None:
        if self.bank_id == HOUSE_BANK_ID or (not self.fed and self.line_count > 0):
            raise DomainError(Reason.ACCOUNT_HELD_HERE)

    def missing(self, *, is_certain: bool, at: datetime) -> "Account":
        """The account once its bank shows it no longer: INACTIVE, if that is certain or has lasted a day.

        What somebody here stopped stays as they set it.
        """
        if self.status is not AccountStatus.ACTIVE:
            return self
        since = self.missing_since or at
        is_gone = is_certain or at - since >= MISSED_FOR
        status = AccountStatus.INACTIVE if is_gone else self.status
        if (status, since) == (self.status, self.missing_since):
            return self
        return replace(self, status=status, missing_since=since, updated_at=at)

    def shown_again(self, *, at: datetime) -> "Account":
        """The account while its bank shows it: ACTIVE, if it was INACTIVE for that alone."""
        if self.missing_since is None:
            return self
        return replace(self, status=AccountStatus.ACTIVE, missing_since=None, updated_at=at)

    def with_changes(self, changes: "AccountChanges", *, at: datetime) -> "Account":
        """The account after the given changes; whether they are permitted has been asked before.

        Raises ``invalid_amount_format`` for a credit limit with too many digits, ``already_processed``
        when CLOSED, ``negative_balance`` for a credit limit that this account cannot have, and
        ``account_not_empty`` when it is to be CLOSED with a balance.
        """
        credit_limit = self._new_credit_limit(changes.credit_limit)
        if self.status is AccountStatus.CLOSED:
            raise DomainError(Reason.ALREADY_PROCESSED)
        if changes.credit_limit is not None and not self._may_have(credit_limit):
            raise DomainError(Reason.NEGATIVE_BALANCE, field="credit_limit")
        if changes.status is AccountStatus.CLOSED and not self.balance.is_zero:
            raise DomainError(Reason.ACCOUNT_NOT_EMPTY, field="status")
        return replace(
            self,
            account_name=changes.account_name or self.account_name,
            status=changes.status or self.status,
            missing_since=self.missing_since if changes.status is None else None,
            credit_limit=credit_limit,
            updated_at=at,
        )

    def left_by_owner(self, *, at: datetime) -> "Account":
        """What becomes of an account when its owner is deleted: CLOSED when it is empty, else INACTIVE.

        A fed one goes on at its bank and stays as it was told. One that staff stopped stays as it is while
        money is on it: whoever opens it again must know.
        """
        if self.fed:
            return self
        status = AccountStatus.CLOSED if self.balance.is_zero else AccountStatus.INACTIVE
        if self.status is AccountStatus.CLOSED or (not self.balance.is_zero and not self.is_active):
            return self
        return replace(self, status=status, updated_at=at)

    def _new_credit_limit(self, asked: Decimal | None) -> Money:
        try:
            return self.credit_limit if asked is None else money_as_written(asked, self.currency)
        except DomainError as error:
            raise DomainError(error.reason, field="credit_limit") from None

    def _may_have(self, credit_limit: Money) -> bool:
        is_covered = self.fed or self.balance >= -credit_limit
        return self.account_type is AccountType.CREDIT and is_covered


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """What a list of accounts is narrowed to; None means any."""

    user_id: UUID
    status: AccountStatus | None = None
    account_type: AccountType | None = None
    currency: Currency | None = None

    def __post_init__(self) -> None:
        require_ids(user_id=self.user_id)
        require_optional_member(AccountStatus, self.status, Reason.INVALID_STATUS, field="status")
        require_optional_member(
            AccountType, self.account_type, Reason.INVALID_ACCOUNT_TYPE, field="account_type"
        )
        if self.currency is not None:
            require_currency(self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account as asked for: formats are right, nothing else has been looked at.

    Raises ``invalid_uuid_format``, ``invalid_currency_format`` (a withdrawn one too),
    ``invalid_account_type``, ``invalid_account_name_format`` and ``invalid_field_format``.

    Without ``user_bank_login_id`` it is one at the house bank: the caller's own, or that of ``user_id``.
    Without ``account_name`` it is called after its type.
    """

    user_bank_login_id: UUID | None = None
    user_id: UUID | None = None
    currency: Currency
    account_type: AccountType
    account_name: str | None = None
    last_four: str | None = None
    external_account_id: str | None = None

    def __post_init__(self) -> None:
        require_optional_ids(user_bank_login_id=self.user_bank_login_id, user_id=self.user_id)
        require_currency(self.currency)
        parse_currency(self.currency.code)
        require_member(AccountType, self.account_type, Reason.INVALID_ACCOUNT_TYPE, field="account_type")
        read_given_fields(
            self,
            account_name=parse_account_name,
            last_four=parse_last_four,
            external_account_id=parse_external_account_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanges:
    """Fields to change; None means "leave as it is".

    ``immutable_fields`` are those of ``IMMUTABLE_ACCOUNT_FIELDS`` that the request names, with whatever
    value: already the attempt is refused. Raises ``invalid_account_name_format``, ``invalid_status``,
    ``invalid_amount_format`` and ``invalid_field_format``.
    """

    account_name: str | None = None
    status: AccountStatus | None = None
    credit_limit: Decimal | None = None
    immutable_fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        read_given_fields(self, account_name=parse_account_name, credit_limit=_credit_limit)
        require_optional_member(AccountStatus, self.status, Reason.INVALID_STATUS, field="status")
        require_names(self.immutable_fields, IMMUTABLE_ACCOUNT_FIELDS, field="immutable_fields")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for, not even what nobody may change."""
        return self == AccountChanges()


def parse_account_name(value: object) -> str:
    """1 to 100 characters, trimmed. Raises ``invalid_account_name_format``."""
    return parse_text(value, reason=Reason.INVALID_ACCOUNT_NAME_FORMAT, max_length=MAX_ACCOUNT_NAME_LENGTH)


def parse_last_four(value: object) -> str:
    """Four digits. Raises ``invalid_field_format``."""
    return parse_shape(value, _LAST_FOUR, reason=Reason.INVALID_FIELD_FORMAT)


def parse_external_account_id(value: object) -> str:
    """A bank's own id, taken as it is: 1 to 256 characters of any kind but controls.

    Raises ``invalid_field_format``.
    """
    if (
        isinstance(value, str)
        and 1 <= len(value) <= MAX_EXTERNAL_ACCOUNT_ID_LENGTH
        and is_text(value)
        and not any(unicodedata.category(character) == "Cc" for character in value)
    ):
        return value
    raise DomainError(Reason.INVALID_FIELD_FORMAT)


def _day(instant: datetime) -> date:
    return instant.astimezone(UTC).date()


def _credit_limit(value: object) -> Decimal:
    limit = plain_decimal(value, field="credit_limit")
    if limit < 0 or limit >= CEILING:
        raise DomainError(Reason.INVALID_AMOUNT_FORMAT)
    return limit or limit.copy_abs()


def parse_credit_limit(value: object) -> Decimal:
    """A plain decimal, zero or more. Raises ``invalid_amount_format``."""
    limit = parse_decimal(value)
    if limit < 0:
        raise DomainError(Reason.INVALID_AMOUNT_FORMAT)
    return limit
