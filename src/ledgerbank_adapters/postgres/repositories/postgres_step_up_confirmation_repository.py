"""Confirmations of payments and payees by a second factor, in PostgreSQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from ledgerbank_adapters.postgres.schema.payment_tables import step_up_confirmations
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.payments.step_up import StepUpConfirmation, StepUpSubject
from ledgerbank_domain.ports.repositories.step_up_confirmation_repository import StepUpConfirmationRepository

ADD = insert(step_up_confirmations)
GOOD = """
    user_id = %(user_id)s AND subject = %(subject)s AND expires_at > %(at)s
    AND (%(made_since)s::timestamptz IS NULL OR inserted_at >= %(made_since)s)
"""
# Two that want the same one do not wait for each other: the second finds none, or the next one.
TAKE = f"""
    DELETE FROM step_up_confirmations
    WHERE id = ANY(ARRAY(
        SELECT id FROM step_up_confirmations WHERE {GOOD}
        ORDER BY expires_at LIMIT 1 FOR UPDATE SKIP LOCKED
    ))
"""  # noqa: S608 - our own text
EXISTS = f"SELECT id FROM step_up_confirmations WHERE {GOOD} LIMIT 1"  # noqa: S608 - our own text
# Picked in an array and then looked up: see postgres_job_statements. Locked rows do not move.
DELETE_EXPIRED = """
    DELETE FROM step_up_confirmations
    WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM step_up_confirmations
        WHERE expires_at < %(before)s
        ORDER BY expires_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""


class PostgresStepUpConfirmationRepository(StepUpConfirmationRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, confirmation: StepUpConfirmation) -> None:
        row = {
            "id": confirmation.id,
            "user_id": confirmation.user_id,
            "subject": confirmation.subject.as_text(),
            "expires_at": confirmation.expires_at,
            "inserted_at": confirmation.inserted_at,
        }
        self._session.run(ADD, row)

    def take(
        self, user_id: UUID, subject: StepUpSubject, *, made_since: datetime | None, at: datetime
    ) -> bool:
        return self._session.run_sql(TAKE, _wanted(user_id, subject, made_since, at)).rowcount == 1

    def exists(
        self, user_id: UUID, subject: StepUpSubject, *, made_since: datetime | None, at: datetime
    ) -> bool:
        found = self._session.run_sql(EXISTS, _wanted(user_id, subject, made_since, at))
        return found.one_or_none() is not None

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_EXPIRED, {"before": before, "limit": limit}).rowcount


def _wanted(
    user_id: UUID, subject: StepUpSubject, made_since: datetime | None, at: datetime
) -> dict[str, Any]:
    return {"user_id": user_id, "subject": subject.as_text(), "made_since": made_since, "at": at}
