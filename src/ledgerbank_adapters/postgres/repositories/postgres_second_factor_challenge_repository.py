"""Challenges to second factors in PostgreSQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Text, Uuid, bindparam, insert, select, update

from ledgerbank_adapters.postgres.schema.second_factor_tables import second_factor_challenges
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.ports.repositories.second_factor_challenge_repository import (
    SecondFactorChallengeRepository,
)
from ledgerbank_domain.users.second_factor_challenge import ChallengePurpose, SecondFactorChallenge

CHALLENGES = second_factor_challenges.c
ADD = insert(second_factor_challenges)
SAVE = update(second_factor_challenges).where(CHALLENGES.id == bindparam("wanted_id", type_=Uuid()))
BY_HASH = select(second_factor_challenges).where(
    CHALLENGES.secret_hash == bindparam("wanted_hash", type_=Text())
)
# Picked in an array and then looked up by primary key: see postgres_job_statements.
DELETE_EXPIRED = """
    DELETE FROM second_factor_challenges
    WHERE id = ANY(ARRAY(
        SELECT id FROM second_factor_challenges
        WHERE expires_at < %(before)s
        ORDER BY expires_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""


class PostgresSecondFactorChallengeRepository(SecondFactorChallengeRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, challenge: SecondFactorChallenge) -> None:
        fixed = {
            "id": challenge.id,
            "user_id": challenge.user_id,
            "purpose": challenge.purpose.value,
            "secret_hash": challenge.secret_hash,
            "subject": challenge.subject,
            "expires_at": challenge.expires_at,
            "inserted_at": challenge.inserted_at,
        }
        self._session.run(ADD, {**fixed, **_changing(challenge)})

    def save(self, challenge: SecondFactorChallenge) -> None:
        if self._session.run(SAVE, {"wanted_id": challenge.id, **_changing(challenge)}).rowcount != 1:
            raise LookupError(f"no challenge {challenge.id} to save")

    def find_by_hash(self, secret_hash: str) -> SecondFactorChallenge | None:
        row = self._session.run(BY_HASH, {"wanted_hash": secret_hash}).one_or_none()
        return None if row is None else _challenge(row)

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_EXPIRED, {"before": before, "limit": limit}).rowcount


def _changing(challenge: SecondFactorChallenge) -> dict[str, Any]:
    return {"tries": challenge.tries, "used_at": challenge.used_at, "updated_at": challenge.updated_at}


def _challenge(row: Row[Any]) -> SecondFactorChallenge:
    return SecondFactorChallenge(
        id=row.id,
        user_id=row.user_id,
        purpose=ChallengePurpose(row.purpose),
        secret_hash=row.secret_hash,
        subject=row.subject,
        tries=row.tries,
        expires_at=row.expires_at,
        used_at=row.used_at,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )
