"""Opening, looking at and changing accounts, and what was booked on them."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from attrs import field, frozen

from ledgerbank_adapters.http.accounts.account_bodies import (
    AccountBody,
    AccountChangesBody,
    AccountSourceBody,
)
from ledgerbank_adapters.http.accounts.account_payloads import (
    AccountHealthPayload,
    AccountPayload,
    BalanceAtPayload,
    TransactionPayload,
    account_health_payload,
    account_payload,
    balance_at_payload,
    transaction_payload,
)
from ledgerbank_adapters.http.approvals.approval_payloads import ASKED_FOR, ASKING_ERRORS, asked_for
from ledgerbank_adapters.http.fields.banking_field_types import PAST_INSTANT
from ledgerbank_adapters.http.fields.field_types import (
    ACCOUNT_STATUS,
    ACCOUNT_TYPE,
    AMOUNT_BOUND,
    CURRENCY_FILTER,
    DIRECTION,
    RANGE_END,
    RANGE_START,
    SEARCH,
    UUID_FIELD,
)
from ledgerbank_adapters.http.fields.paging_queries import (
    KeysetQuery,
    OffsetQuery,
    keyset_pagination,
    offset_pagination,
    sort_by,
)
from ledgerbank_adapters.http.operations.http_operation import Answer, Call, NoKey, Operation, Paging
from ledgerbank_domain.banking.account import AccountFilter, AccountStatus, AccountType
from ledgerbank_domain.banking.transaction import TransactionFilter
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import Sort
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.ports.repositories.transaction_repository import TRANSACTION_SORT_FIELDS
from ledgerbank_domain.services.approvals.money_acts import account_update

FOUND_ACCOUNT_ERRORS = (Reason.INVALID_UUID_FORMAT, Reason.ACCOUNT_NOT_FOUND, Reason.UNAUTHORIZED_ACCESS)
TRANSACTION_LIST_ERRORS = (
    *FOUND_ACCOUNT_ERRORS,
    Reason.INVALID_DIRECTION,
    Reason.INVALID_DATETIME_FORMAT,
    Reason.INVALID_AMOUNT_FORMAT,
    Reason.INVALID_FILTER,
    Reason.INVALID_SORT,
    Reason.INVALID_CURSOR,
)
NEWEST_LINE_FIRST = Sort(field="posted_at", descending=True)


@frozen(kw_only=True)
class AccountListQuery(OffsetQuery):
    status: AccountStatus | None = field(default=None, metadata=ACCOUNT_STATUS.metadata)
    account_type: AccountType | None = field(default=None, metadata=ACCOUNT_TYPE.metadata)
    currency: Currency | None = field(default=None, metadata=CURRENCY_FILTER.metadata)
    user_id: UUID | None = field(default=None, metadata=UUID_FIELD.metadata)


@frozen(kw_only=True)
class TransactionListQuery(KeysetQuery):
    direction: Direction | None = field(default=None, metadata=DIRECTION.metadata)
    date_from: datetime | None = field(default=None, metadata=RANGE_START.metadata)
    date_to: datetime | None = field(default=None, metadata=RANGE_END.metadata)
    min_amount: Decimal | None = field(default=None, metadata=AMOUNT_BOUND.metadata)
    max_amount: Decimal | None = field(default=None, metadata=AMOUNT_BOUND.metadata)
    q: str | None = field(default=None, metadata=SEARCH.metadata)
    sort: tuple[Sort, ...] = field(
        default=(NEWEST_LINE_FIRST,), metadata=sort_by(TRANSACTION_SORT_FIELDS, max_fields=1).metadata
    )

    @property
    def filter(self) -> TransactionFilter:
        return TransactionFilter(
            direction=self.direction,
            posted_from=self.date_from,
            posted_to=self.date_to,
            min_amount=self.min_amount,
            max_amount=self.max_amount,
            text=self.q,
        )


@frozen(kw_only=True)
class TransactionSearchQuery(TransactionListQuery):
    account_id: UUID | None = field(default=None, metadata=UUID_FIELD.metadata)
    user_id: UUID | None = field(default=None, metadata=UUID_FIELD.metadata)


@frozen(kw_only=True)
class BalanceQuery:
    at: datetime | None = field(default=None, metadata=PAST_INSTANT.metadata)
    known_at: datetime | None = field(default=None, metadata=PAST_INSTANT.metadata)


def list_accounts(call: Call[None, AccountListQuery]) -> Answer:
    query = call.query()
    wanted = AccountFilter(
        user_id=query.user_id or call.actor.required_user_id(),
        status=query.status,
        account_type=query.account_type,
        currency=query.currency,
    )
    page = call.services.accounts.list_page(call.actor, wanted, request=query.page_request)
    return Answer(
        data=[account_payload(account) for account in page.items], pagination=offset_pagination(page)
    )


def create_account(call: Call[AccountBody, None]) -> Answer:
    account = call.services.accounts.create(call.actor, call.body().new_account())
    return Answer(data=account_payload(account), location=f"/accounts/{account.id}")


def get_account(call: Call[None, None]) -> Answer:
    return Answer(data=account_payload(call.services.accounts.get(call.actor, account_id=call.path_id())))


def update_account(call: Call[AccountChangesBody, None]) -> Answer:
    account_id, body = call.path_id(), call.body()
    changes = body.changes(named=call.named_fields)
    asked = call.services.approvals.ask_if_needed(
        call.actor, account_update(account_id, changes), reason=body.reason
    )
    if asked is not None:
        return asked_for(asked)
    account = call.services.accounts.update(call.actor, account_id=account_id, changes=changes)
    return Answer(data=account_payload(account))


def change_account_source(call: Call[AccountSourceBody, None]) -> Answer:
    """The account goes on as itself: what is listed again under other ids is matched with what is booked."""
    account_id = call.path_id()
    changed = call.services.account_sources.change(
        call.actor, account_id=account_id, change=call.body().change()
    )
    return Answer(data=account_payload(changed))


def account_balance(call: Call[None, BalanceQuery]) -> Answer:
    account_id, query = call.path_id(), call.query()
    found = call.services.accounts.balance_at(
        call.actor, account_id=account_id, at=query.at, known_at=query.known_at
    )
    return Answer(data=balance_at_payload(found))


def account_health(call: Call[None, None]) -> Answer:
    health = call.services.accounts.health(call.actor, account_id=call.path_id())
    return Answer(data=account_health_payload(health))


def list_account_transactions(call: Call[None, TransactionListQuery]) -> Answer:
    account_id, query = call.path_id(), call.query()
    page = call.services.accounts.list_transactions(
        call.actor,
        account_id=account_id,
        wanted=query.filter,
        request=query.keyset_request(query.sort[0]),
    )
    return Answer(data=[transaction_payload(line) for line in page.items], pagination=keyset_pagination(page))


def list_transactions(call: Call[None, TransactionSearchQuery]) -> Answer:
    query = call.query()
    page = call.services.accounts.list_all_transactions(
        call.actor,
        wanted=replace(query.filter, account_id=query.account_id, user_id=query.user_id),
        request=query.keyset_request(query.sort[0]),
    )
    return Answer(data=[transaction_payload(line) for line in page.items], pagination=keyset_pagination(page))


ACCOUNT_OPERATIONS = (
    Operation(
        method="GET",
        path="/accounts",
        handler=list_accounts,
        summary="The caller's accounts, newest first; anybody's for support and administrators",
        query=AccountListQuery,
        scope=Scope.ACCOUNTS_READ,
        answer=list[AccountPayload],
        paging=Paging.OFFSET,
        errors=(
            Reason.INVALID_STATUS,
            Reason.INVALID_ACCOUNT_TYPE,
            Reason.INVALID_CURRENCY_FORMAT,
            Reason.INVALID_UUID_FORMAT,
            Reason.INSUFFICIENT_PERMISSIONS,
        ),
    ),
    Operation(
        method="POST",
        path="/accounts",
        handler=create_account,
        summary="Opens an account: one held here, or one at a bank login of the caller's own",
        body=AccountBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=AccountPayload,
        status=201,
        idempotent=True,
        errors=(
            Reason.INVALID_UUID_FORMAT,
            Reason.INVALID_CURRENCY_FORMAT,
            Reason.INVALID_ACCOUNT_TYPE,
            Reason.INVALID_ACCOUNT_NAME_FORMAT,
            Reason.INVALID_FIELD_FORMAT,
            Reason.BANK_LOGIN_NOT_FOUND,
            Reason.USER_NOT_FOUND,
            Reason.INSUFFICIENT_PERMISSIONS,
            Reason.ACCOUNT_INACTIVE,
            Reason.BANK_INACTIVE,
            Reason.ACCOUNT_FED_BY_BANK,
            Reason.RESOURCE_ALREADY_EXISTS,
        ),
    ),
    Operation(
        method="GET",
        path="/accounts/{id}",
        handler=get_account,
        summary="One account",
        scope=Scope.ACCOUNTS_READ,
        answer=AccountPayload,
        errors=FOUND_ACCOUNT_ERRORS,
    ),
    Operation(
        method="PUT",
        path="/accounts/{id}",
        handler=update_account,
        summary="Changes an account's name and status, and for administrators its credit limit",
        body=AccountChangesBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=AccountPayload,
        other_answer=ASKED_FOR,
        errors=(
            *FOUND_ACCOUNT_ERRORS,
            Reason.INVALID_ACCOUNT_NAME_FORMAT,
            Reason.INVALID_STATUS,
            Reason.INVALID_AMOUNT_FORMAT,
            Reason.INSUFFICIENT_PERMISSIONS,
            Reason.ALREADY_PROCESSED,
            Reason.ACCOUNT_NOT_EMPTY,
            Reason.NEGATIVE_BALANCE,
            Reason.ACCOUNT_FED_BY_BANK,
            *ASKING_ERRORS,
        ),
    ),
    Operation(
        method="POST",
        path="/accounts/{id}/source",
        handler=change_account_source,
        summary="Lets an account go on under another provider, or by statement files",
        body=AccountSourceBody,
        scope=Scope.BANKS_WRITE,
        answer=AccountPayload,
        idempotent=True,
        errors=(
            *FOUND_ACCOUNT_ERRORS,
            Reason.INVALID_FIELD_FORMAT,
            Reason.BANK_LOGIN_NOT_FOUND,
            Reason.INSUFFICIENT_PERMISSIONS,
            Reason.ALREADY_PROCESSED,
            Reason.ACCOUNT_HELD_HERE,
            Reason.BANK_INACTIVE,
            Reason.BANK_LOGIN_INACTIVE,
            Reason.RESOURCE_ALREADY_EXISTS,
        ),
    ),
    Operation(
        method="GET",
        path="/accounts/{id}/balance",
        handler=account_balance,
        summary="What an account held at an instant",
        query=BalanceQuery,
        scope=Scope.ACCOUNTS_READ,
        answer=BalanceAtPayload,
        errors=(*FOUND_ACCOUNT_ERRORS, Reason.INVALID_DATETIME_FORMAT),
    ),
    Operation(
        method="GET",
        path="/accounts/{id}/health",
        handler=account_health,
        summary="What an account may still pay today",
        scope=Scope.ACCOUNTS_READ,
        answer=AccountHealthPayload,
        errors=FOUND_ACCOUNT_ERRORS,
    ),
    Operation(
        method="GET",
        path="/accounts/{id}/transactions",
        handler=list_account_transactions,
        summary="The lines of one account, by cursor",
        query=TransactionListQuery,
        scope=Scope.ACCOUNTS_READ,
        answer=list[TransactionPayload],
        paging=Paging.KEYSET,
        errors=TRANSACTION_LIST_ERRORS,
    ),
    Operation(
        method="GET",
        path="/transactions",
        handler=list_transactions,
        summary="The caller's lines over all accounts, by cursor; anybody's for support and administrators",
        query=TransactionSearchQuery,
        scope=Scope.ACCOUNTS_READ,
        answer=list[TransactionPayload],
        paging=Paging.KEYSET,
        errors=(*TRANSACTION_LIST_ERRORS, Reason.INSUFFICIENT_PERMISSIONS),
    ),
)
