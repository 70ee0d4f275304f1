"""Payments in PostgreSQL."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Uuid, any_, bindparam, select

from ledgerbank_adapters.postgres.schema.payment_tables import user_payments as payments
from ledgerbank_adapters.postgres.statements.postgres_observer import PostgresObserver
from ledgerbank_adapters.postgres.statements.postgres_pages import Condition, read_page
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import (
    array_literal,
    as_arrays,
    insert_statement,
    update_statement,
)
from ledgerbank_domain.identity.page import NEWEST_FIRST, Page, PageRequest
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import stored_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import (
    Payment,
    PaymentFilter,
    PaymentSignature,
    PaymentStatus,
    PaymentType,
)
from ledgerbank_domain.ports.repositories.payment_repository import PaymentRepository

INSERT = insert_statement(payments)
# What was asked for never changes, only what became of it.
UPDATE = update_statement(
    payments,
    "status",
    "posted_at",
    "failure_reason",
    "journal_entry_id",
    "reversed_at",
    "reversal_entry_id",
    "external_transaction_id",
    "updated_at",
)
BY_IDS = (
    select(payments)
    .where(payments.c.id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
    .order_by(payments.c.id)
)
# Sorted first, then locked row by row: see postgres_user_repository.
LOCK = BY_IDS.with_for_update(key_share=True)
LOCK_FREE = BY_IDS.with_for_update(key_share=True, skip_locked=True)
_PENDING = (
    select(payments)
    .where(
        payments.c.user_id == bindparam("user_id", type_=Uuid()),
        payments.c.status == PaymentStatus.PENDING.value,
    )
    .order_by(payments.c.id)
)
LOCK_PENDING = _PENDING.with_for_update(key_share=True)
LOCK_PENDING_OF_ACCOUNT = _PENDING.where(
    payments.c.user_bank_account_id == bindparam("account_id", type_=Uuid())
).with_for_update(key_share=True)
# Asked for each signature by itself (LATERAL), so that the index is entered at that very place. A plain join
# makes a planner that knows nothing yet of a new table walk the whole index.
# No account is its own counterparty, so the account itself stands for none: nulls are equal to nothing.
COMPLETED_LIKE = """
    SELECT wanted.number, twin.id
    FROM unnest(
        %(user_ids)s::uuid[], %(account_ids)s::uuid[], %(receiving_ids)s::uuid[], %(amounts)s::numeric[],
        %(currencies)s::text[], %(descriptions)s::text[], %(directions)s::text[]
    ) WITH ORDINALITY
        AS wanted (user_id, account_id, receiving_id, amount, currency, description, direction, number)
    CROSS JOIN LATERAL (
        SELECT payment.id
        FROM user_payments AS payment
        WHERE payment.user_bank_account_id = wanted.account_id
          AND coalesce(payment.counterparty_account_id, payment.user_bank_account_id) = wanted.receiving_id
          AND payment.amount = wanted.amount AND payment.direction = wanted.direction
          AND payment.description = wanted.description
          AND payment.status = 'COMPLETED' AND payment.posted_at >= %(since)s
          AND payment.reversed_at IS NULL
          AND payment.user_id = wanted.user_id AND payment.currency = wanted.currency
        OFFSET 0
    ) AS twin
"""


class PostgresPaymentRepository(PaymentRepository):
    def __init__(self, session: PostgresSession, observer: PostgresObserver) -> None:
        self._session = session
        self._observer = observer

    def add_many(self, new_payments: Sequence[Payment]) -> None:
        if new_payments:
            self._session.run_sql(INSERT, as_arrays([_row(payment) for payment in new_payments]))
            self._tell_of(new_payments)

    def save_many(self, changed_payments: Sequence[Payment]) -> None:
        if not changed_payments:
            return
        arrays = as_arrays([_row(payment) for payment in changed_payments])
        saved = self._session.run_sql(UPDATE, arrays).rowcount
        if saved != len(changed_payments):
            raise LookupError(f"{len(changed_payments)} payments to save, but {saved} exist")
        self._tell_of(changed_payments)

    def find_many(self, payment_ids: Collection[UUID]) -> Mapping[UUID, Payment]:
        return self._find_many(BY_IDS, payment_ids)

    def find_many_for_update(self, payment_ids: Collection[UUID]) -> Mapping[UUID, Payment]:
        return self._find_many(LOCK, payment_ids)

    def find_free_for_update(self, payment_ids: Collection[UUID]) -> Mapping[UUID, Payment]:
        return self._find_many(LOCK_FREE, payment_ids)

    def list_pending_of_user_for_update(self, user_id: UUID) -> list[Payment]:
        return [_payment(row) for row in self._session.run(LOCK_PENDING, {"user_id": user_id})]

    def list_pending_of_account_for_update(self, user_id: UUID, account_id: UUID) -> list[Payment]:
        asked = {"user_id": user_id, "account_id": account_id}
        return [_payment(row) for row in self._session.run(LOCK_PENDING_OF_ACCOUNT, asked)]

    def list_page(self, wanted: PaymentFilter, *, request: PageRequest) -> Page[Payment]:
        return read_page(
            self._session,
            payments,
            _conditions(wanted),
            sort=[NEWEST_FIRST],
            request=request,
            read=_payment,
        )

    def find_completed_since(
        self, signatures: Collection[PaymentSignature], since: datetime
    ) -> Mapping[PaymentSignature, frozenset[UUID]]:
        if not signatures:
            return {}
        wanted = list(signatures)
        asked = {
            "user_ids": array_literal(signature.user_id for signature in wanted),
            "account_ids": array_literal(signature.user_bank_account_id for signature in wanted),
            "receiving_ids": array_literal(
                signature.counterparty_account_id or signature.user_bank_account_id for signature in wanted
            ),
            "amounts": array_literal(signature.amount for signature in wanted),
            "currencies": array_literal(signature.currency_code for signature in wanted),
            "descriptions": array_literal(signature.description for signature in wanted),
            "directions": array_literal(signature.direction.value for signature in wanted),
            "since": since,
        }
        found: defaultdict[PaymentSignature, set[UUID]] = defaultdict(set)
        for row in self._session.run_sql(COMPLETED_LIKE, asked):
            found[wanted[row.number - 1]].add(row.id)
        return {signature: frozenset(ids) for signature, ids in found.items()}

    def _tell_of(self, written: Sequence[Payment]) -> None:
        self._session.once_kept(partial(self._observer.payments_written, tuple(written)))

    def _find_many(self, statement: Select[Any], payment_ids: Collection[UUID]) -> dict[UUID, Payment]:
        if not payment_ids:
            return {}
        return {row.id: _payment(row) for row in self._session.run(statement, {"ids": list(payment_ids)})}


def _conditions(wanted: PaymentFilter) -> list[Condition]:
    conditions: list[Condition] = [payments.c.user_id == wanted.user_id]
    if wanted.direction is not None:
        conditions.append(payments.c.direction == wanted.direction.value)
    if wanted.status is not None:
        conditions.append(payments.c.status == wanted.status.value)
    if wanted.payment_type is not None:
        conditions.append(payments.c.payment_type == wanted.payment_type.value)
    if wanted.inserted_from is not None:
        conditions.append(payments.c.inserted_at >= wanted.inserted_from)
    if wanted.inserted_to is not None:
        conditions.append(payments.c.inserted_at <= wanted.inserted_to)
    return conditions


def _row(payment: Payment) -> dict[str, Any]:
    return {
        "id": payment.id,
        "user_id": payment.user_id,
        "user_bank_account_id": payment.user_bank_account_id,
        "amount": payment.amount.amount,
        "currency": payment.currency.code,
        "direction": payment.direction.value,
        "payment_type": payment.payment_type.value,
        "description": payment.description,
        "status": payment.status.value,
        "counterparty_account_id": payment.counterparty_account_id,
        "posted_at": payment.posted_at,
        "failure_reason": payment.failure_reason,
        "journal_entry_id": payment.journal_entry_id,
        "reversed_at": payment.reversed_at,
        "reversal_entry_id": payment.reversal_entry_id,
        "external_transaction_id": payment.external_transaction_id,
        "inserted_at": payment.inserted_at,
        "updated_at": payment.updated_at,
    }


def _payment(row: Row[Any]) -> Payment:
    return Payment(
        id=row.id,
        user_id=row.user_id,
        user_bank_account_id=row.user_bank_account_id,
        amount=Money(row.amount, stored_currency(row.currency)),
        direction=Direction(row.direction),
        payment_type=PaymentType(row.payment_type),
        description=row.description,
        status=PaymentStatus(row.status),
        counterparty_account_id=row.counterparty_account_id,
        posted_at=row.posted_at,
        failure_reason=row.failure_reason,
        journal_entry_id=row.journal_entry_id,
        reversed_at=row.reversed_at,
        reversal_entry_id=row.reversal_entry_id,
        external_transaction_id=row.external_transaction_id,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )
