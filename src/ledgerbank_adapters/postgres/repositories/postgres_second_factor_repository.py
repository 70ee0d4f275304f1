"""Second factors in PostgreSQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Row, Select, Uuid, bindparam, delete, insert, select, update

from ledgerbank_adapters.postgres.schema.second_factor_tables import second_factors
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.ports.repositories.second_factor_repository import SecondFactorRepository
from ledgerbank_domain.users.second_factor import SecondFactor

BEFORE_EVERY_ID = UUID(int=0)
FACTORS = second_factors.c
BY_ID = FACTORS.id == bindparam("wanted_id", type_=Uuid())
OF_USER = FACTORS.user_id == bindparam("wanted_user_id", type_=Uuid())
ADD = insert(second_factors)
SAVE = update(second_factors).where(BY_ID)
DELETE = delete(second_factors).where(BY_ID)
FIND = select(second_factors).where(BY_ID)
FIND_CONFIRMED = select(second_factors).where(OF_USER, FACTORS.confirmed_at.is_not(None))
FIND_UNCONFIRMED = select(second_factors).where(OF_USER, FACTORS.confirmed_at.is_(None))
SEALED = (
    select(second_factors)
    .where(FACTORS.id > bindparam("after", type_=Uuid()))
    .order_by(FACTORS.id)
    .limit(bindparam("limit", type_=Integer()))
)
# Picked in an array and then looked up by primary key: see postgres_job_statements.
DELETE_UNCONFIRMED = """
    DELETE FROM second_factors
    WHERE id = ANY(ARRAY(
        SELECT id FROM second_factors
        WHERE confirmed_at IS NULL AND inserted_at < %(before)s
        ORDER BY inserted_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""


class PostgresSecondFactorRepository(SecondFactorRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, factor: SecondFactor) -> None:
        fixed = {"id": factor.id, "user_id": factor.user_id, "inserted_at": factor.inserted_at}
        self._session.run(ADD, {**fixed, **_changing(factor)})

    def save(self, factor: SecondFactor) -> None:
        if self._session.run(SAVE, {"wanted_id": factor.id, **_changing(factor)}).rowcount != 1:
            raise LookupError(f"no second factor {factor.id} to save")

    def delete(self, factor: SecondFactor) -> None:
        self._session.run(DELETE, {"wanted_id": factor.id})

    def find(self, factor_id: UUID) -> SecondFactor | None:
        return self._find(FIND, {"wanted_id": factor_id})

    def find_confirmed(self, user_id: UUID) -> SecondFactor | None:
        return self._find(FIND_CONFIRMED, {"wanted_user_id": user_id})

    def find_unconfirmed(self, user_id: UUID) -> SecondFactor | None:
        return self._find(FIND_UNCONFIRMED, {"wanted_user_id": user_id})

    def list_sealed(self, *, after: UUID | None, limit: int) -> list[SecondFactor]:
        rows = self._session.run(SEALED, {"after": after or BEFORE_EVERY_ID, "limit": limit})
        return [_factor(row) for row in rows]

    def delete_unconfirmed_before(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_UNCONFIRMED, {"before": before, "limit": limit}).rowcount

    def _find(self, statement: Select[Any], wanted: dict[str, Any]) -> SecondFactor | None:
        row = self._session.run(statement, wanted).one_or_none()
        return None if row is None else _factor(row)


def _changing(factor: SecondFactor) -> dict[str, Any]:
    return {
        "secret_encrypted": factor.secret,
        "confirmed_at": factor.confirmed_at,
        "last_step": factor.last_step,
        "wrong_codes": factor.wrong_codes,
        "recovery_hashes": list(factor.recovery_hashes),
        "updated_at": factor.updated_at,
    }


def _factor(row: Row[Any]) -> SecondFactor:
    return SecondFactor(
        id=row.id,
        user_id=row.user_id,
        secret=bytes(row.secret_encrypted),
        confirmed_at=row.confirmed_at,
        last_step=row.last_step,
        wrong_codes=row.wrong_codes,
        recovery_hashes=tuple(row.recovery_hashes),
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )
