"""Failed logins, and the clients that users logged in with, in PostgreSQL."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Text, Uuid, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from ledgerbank_adapters.postgres.schema.identity_tables import login_clients, login_failures
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.ports.repositories.login_attempt_repository import LoginAttemptRepository
from ledgerbank_domain.ports.unit_of_work import TransactionConflict
from ledgerbank_domain.users.login_client import LoginClient
from ledgerbank_domain.users.login_failures import LoginFailures

FAILURES = login_failures.c
CLIENTS = login_clients.c
OF_SUBJECT = FAILURES.subject == bindparam("wanted_subject", type_=Text())
LOCK = select(login_failures).where(OF_SUBJECT).with_for_update()
# It waits for a transaction that adds the same one, and does nothing once that has committed.
ADD_IF_MISSING = insert(login_failures).on_conflict_do_nothing(index_elements=[FAILURES.subject])
SAVE = update(login_failures).where(OF_SUBJECT)
# A client that logs in again and again changes the row once an hour.
REFRESH_INTERVAL = timedelta(hours=1)
_REMEMBER = insert(login_clients)
REMEMBER = _REMEMBER.on_conflict_do_update(
    index_elements=[CLIENTS.user_id, CLIENTS.network, CLIENTS.device],
    set_={"updated_at": _REMEMBER.excluded.updated_at},
    where=CLIENTS.updated_at < _REMEMBER.excluded.updated_at - REFRESH_INTERVAL,
)
KNOWS_ANY = (
    select(CLIENTS.user_id).where(CLIENTS.user_id == bindparam("wanted_user_id", type_=Uuid())).limit(1)
)
KNOWS_NETWORK = KNOWS_ANY.where(CLIENTS.network == bindparam("wanted_network", type_=Text()))
KNOWS_CLIENT = KNOWS_NETWORK.where(CLIENTS.device == bindparam("wanted_device", type_=Text()))
# Picked in an array and then looked up: see postgres_job_statements. Locked rows do not move.
DELETE_FAILURES = """
    DELETE FROM login_failures
    WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM login_failures
        WHERE updated_at < %(before)s
        ORDER BY updated_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""
DELETE_CLIENTS = """
    DELETE FROM login_clients
    WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM login_clients
        WHERE updated_at < %(before)s
        ORDER BY updated_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""


class PostgresLoginAttemptRepository(LoginAttemptRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def get_many_for_update(self, subjects: Collection[str], *, at: datetime) -> Mapping[str, LoginFailures]:
        return {subject: self._found_or_added(subject, at) for subject in sorted(set(subjects))}

    def find_for_update(self, subject: str) -> LoginFailures | None:
        row = self._session.run(LOCK, {"wanted_subject": subject}).one_or_none()
        return None if row is None else _failures(row)

    def save(self, failures: LoginFailures) -> None:
        if self._session.run(SAVE, {"wanted_subject": failures.subject, **_row(failures)}).rowcount != 1:
            raise LookupError("no failed logins to save")

    def remember_client(self, user_id: UUID, client: LoginClient, *, at: datetime) -> None:
        row = {
            "user_id": user_id,
            "network": client.network,
            "device": client.device,
            "inserted_at": at,
            "updated_at": at,
        }
        self._session.run(REMEMBER, row)

    def knows_client(self, user_id: UUID, client: LoginClient) -> bool:
        wanted = {"wanted_network": client.network, "wanted_device": client.device}
        return self._knows(KNOWS_CLIENT, user_id, **wanted)

    def knows_any_client(self, user_id: UUID) -> bool:
        return self._knows(KNOWS_ANY, user_id)

    def knows_network(self, user_id: UUID, network: str) -> bool:
        return self._knows(KNOWS_NETWORK, user_id, wanted_network=network)

    def delete_failures_before(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_FAILURES, {"before": before, "limit": limit}).rowcount

    def delete_clients_before(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_CLIENTS, {"before": before, "limit": limit}).rowcount

    def _knows(self, question: Select[tuple[UUID]], user_id: UUID, **wanted: str) -> bool:
        return self._session.run(question, {"wanted_user_id": user_id, **wanted}).one_or_none() is not None

    def _found_or_added(self, subject: str, at: datetime) -> LoginFailures:
        found = self.find_for_update(subject)
        if found is not None:
            return found
        self._session.run(ADD_IF_MISSING, _row(LoginFailures.none_yet(subject, at=at)))
        added = self.find_for_update(subject)
        if added is None:
            raise TransactionConflict("the row was cleared away in this very moment")
        return added


def _row(failures: LoginFailures) -> dict[str, Any]:
    return {
        "subject": failures.subject,
        "failed_at": list(failures.failed_at),
        "trusted_failed_at": list(failures.trusted_failed_at),
        "refused_at": failures.refused_at,
        "suspected_at": failures.suspected_at,
        "warned_at": failures.warned_at,
        "inserted_at": failures.inserted_at,
        "updated_at": failures.updated_at,
    }


def _failures(row: Row[Any]) -> LoginFailures:
    return LoginFailures(
        subject=row.subject,
        failed_at=_in_utc(row.failed_at),
        trusted_failed_at=_in_utc(row.trusted_failed_at),
        refused_at=row.refused_at,
        suspected_at=row.suspected_at,
        warned_at=row.warned_at,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )


def _in_utc(instants: list[datetime]) -> tuple[datetime, ...]:
    return tuple(instant.astimezone(UTC) for instant in instants)
