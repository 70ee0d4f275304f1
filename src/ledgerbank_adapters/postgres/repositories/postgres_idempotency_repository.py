"""Requests that were given a key, and their answers, in PostgreSQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, Uuid, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from ledgerbank_adapters.postgres.schema.record_tables import idempotency_records
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.idempotency.idempotency_record import IdempotencyRecord, StoredAnswer
from ledgerbank_domain.ports.repositories.idempotency_repository import IdempotencyRepository

COLUMNS = idempotency_records.c
# It waits for a transaction that inserts the same key, and does nothing once that has committed.
INSERT_IF_FREE = (
    insert(idempotency_records)
    .on_conflict_do_nothing(index_elements=[COLUMNS.user_id, COLUMNS.key])
    .returning(COLUMNS.claim_id)
)
OF_KEY = (
    COLUMNS.user_id == bindparam("wanted_user_id", type_=Uuid()),
    COLUMNS.key == bindparam("wanted_key", type_=Text()),
)
OF_CLAIM = (*OF_KEY, COLUMNS.claim_id == bindparam("wanted_claim_id", type_=Uuid()))
LOCK = select(idempotency_records).where(*OF_KEY).with_for_update()
REPLACE = update(idempotency_records).where(*OF_CLAIM)
REMOVE_UNANSWERED = delete(idempotency_records).where(*OF_CLAIM, COLUMNS.response_status.is_(None))
# Picked in an array and then looked up: see postgres_job_statements. Locked rows do not move.
DELETE_EXPIRED = """
    DELETE FROM idempotency_records
    WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency_records
        WHERE expires_at < %(before)s
        ORDER BY expires_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""


class PostgresIdempotencyRepository(IdempotencyRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add_if_free(self, record: IdempotencyRecord) -> bool:
        return self._session.run(INSERT_IF_FREE, _row(record)).one_or_none() is not None

    def find_for_update(self, *, user_id: UUID, key: str) -> IdempotencyRecord | None:
        row = self._session.run(LOCK, {"wanted_user_id": user_id, "wanted_key": key}).one_or_none()
        return None if row is None else _record(row)

    def replace(self, record_id: UUID, record: IdempotencyRecord) -> bool:
        return self._session.run(REPLACE, {**_claim(record, record_id), **_row(record)}).rowcount == 1

    def remove_unanswered(self, record: IdempotencyRecord) -> bool:
        return self._session.run(REMOVE_UNANSWERED, _claim(record, record.id)).rowcount == 1

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_EXPIRED, {"before": before, "limit": limit}).rowcount


def _claim(record: IdempotencyRecord, claim_id: UUID) -> dict[str, Any]:
    return {"wanted_user_id": record.user_id, "wanted_key": record.key, "wanted_claim_id": claim_id}


def _row(record: IdempotencyRecord) -> dict[str, Any]:
    answer = record.answer
    return {
        "user_id": record.user_id,
        "key": record.key,
        "claim_id": record.id,
        "fingerprint": record.fingerprint,
        "blocked_until": record.blocked_until,
        "response_status": None if answer is None else answer.status,
        "response_headers": None if answer is None else dict(answer.headers),
        "response_body": None if answer is None else answer.body,
        "expires_at": record.expires_at,
        "inserted_at": record.inserted_at,
        "updated_at": record.updated_at,
    }


def _record(row: Row[Any]) -> IdempotencyRecord:
    return IdempotencyRecord(
        id=row.claim_id,
        user_id=row.user_id,
        key=row.key,
        fingerprint=row.fingerprint,
        blocked_until=row.blocked_until,
        expires_at=row.expires_at,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
        answer=None
        if row.response_status is None
        else StoredAnswer(
            status=row.response_status, headers=row.response_headers, body=bytes(row.response_body)
        ),
    )
