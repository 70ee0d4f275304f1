"""API keys in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, select

from ledgerbank_adapters.postgres.repositories.postgres_user_repository import user_of_row
from ledgerbank_adapters.postgres.schema.identity_tables import api_keys
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import as_arrays, insert_statement
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.ports.repositories.api_key_repository import ApiKeyOwner, ApiKeyRepository, ApiKeyUse
from ledgerbank_domain.users.api_key import ApiKey

INSERT = insert_statement(api_keys)
UNREVOKED = (
    select(api_keys)
    .where(
        api_keys.c.user_id == bindparam("user_id", type_=Uuid()),
        api_keys.c.revoked_at.is_(None),
    )
    .order_by(api_keys.c.inserted_at.desc(), api_keys.c.id.desc())
)
REVOKE = """
    UPDATE api_keys SET revoked_at = %(at)s, updated_at = %(at)s
    WHERE id = ANY(%(ids)s::uuid[]) AND revoked_at IS NULL
"""
KEY_COLUMNS = ", ".join(f"api_keys.{column.name} AS key_{column.name}" for column in api_keys.columns)
OWNERS = f"""
    SELECT users.*, {KEY_COLUMNS},
        EXISTS (
            SELECT FROM second_factors AS factor
            WHERE factor.user_id = users.id AND factor.confirmed_at IS NOT NULL
        ) AS has_second_factor
    FROM api_keys JOIN users ON users.id = api_keys.user_id
    WHERE api_keys.id = ANY(%(ids)s::uuid[])
"""  # noqa: S608 - our names
# Which rows are free is found out first, so that nobody waits for a hot key.
NOTE_USES = """
    UPDATE api_keys SET last_used_at = use.at, last_used_ip = use.ip
    FROM unnest(%(ids)s::uuid[], %(instants)s::timestamptz[], %(ips)s::text[]) AS use (id, at, ip)
    WHERE api_keys.id = use.id AND api_keys.id = ANY(ARRAY(
        SELECT id FROM api_keys WHERE id = ANY(%(ids)s::uuid[]) FOR NO KEY UPDATE SKIP LOCKED
    ))
"""
# Picked in an array and then looked up by primary key: see postgres_job_statements.
DELETE_EXPIRED = """
    DELETE FROM api_keys
    WHERE id = ANY(ARRAY(
        SELECT id FROM api_keys
        WHERE expires_at < %(before)s
        ORDER BY expires_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""


class PostgresApiKeyRepository(ApiKeyRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, key: ApiKey) -> None:
        self._session.run_sql(INSERT, as_arrays([_row(key)]))

    def list_unrevoked_of_user(self, user_id: UUID) -> list[ApiKey]:
        return [_key(row._asdict()) for row in self._session.run(UNREVOKED, {"user_id": user_id})]

    def revoke(self, key_ids: Collection[UUID], *, at: datetime) -> None:
        self._session.run_sql(REVOKE, {"ids": list(key_ids), "at": at})

    def find_owners(self, key_ids: Collection[UUID]) -> Mapping[UUID, ApiKeyOwner]:
        if not key_ids:
            return {}
        rows = self._session.run_sql(OWNERS, {"ids": list(key_ids)})
        return {row.key_id: _owner(row) for row in rows}

    def note_uses(self, uses: Sequence[ApiKeyUse]) -> None:
        noted = {
            "ids": [use.key_id for use in uses],
            "instants": [use.at for use in uses],
            "ips": [use.ip for use in uses],
        }
        self._session.run_sql(NOTE_USES, noted)

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_EXPIRED, {"before": before, "limit": limit}).rowcount


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "user_id": key.user_id,
        "name": key.name,
        "scopes": " ".join(key.scope_names),
        "allowed_networks": " ".join(key.allowed_networks),
        "secret_hash": key.secret_hash,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "last_used_ip": key.last_used_ip,
        "revoked_at": key.revoked_at,
        "inserted_at": key.inserted_at,
        "updated_at": key.updated_at,
    }


def _owner(row: Row[Any]) -> ApiKeyOwner:
    told = row._asdict()
    return ApiKeyOwner(
        key=_key({column.name: told[f"key_{column.name}"] for column in api_keys.columns}),
        user=user_of_row(row),
        has_second_factor=row.has_second_factor,
    )


def _key(told: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        id=told["id"],
        user_id=told["user_id"],
        name=told["name"],
        scopes=frozenset(map(Scope, told["scopes"].split())),
        allowed_networks=tuple(told["allowed_networks"].split()),
        secret_hash=told["secret_hash"],
        expires_at=told["expires_at"],
        last_used_at=told["last_used_at"],
        last_used_ip=told["last_used_ip"],
        revoked_at=told["revoked_at"],
        inserted_at=told["inserted_at"],
        updated_at=told["updated_at"],
    )
