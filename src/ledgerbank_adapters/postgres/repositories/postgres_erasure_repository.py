"""What PostgreSQL keeps about users beside their own rows, and who is to be erased."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from ledgerbank_adapters.postgres.repositories.postgres_user_repository import user_of_row
from ledgerbank_adapters.postgres.schema.column_kinds import INSTANT
from ledgerbank_adapters.postgres.schema.identity_tables import users
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import array_literal
from ledgerbank_domain.ports.repositories.erasure_repository import ErasureRepository
from ledgerbank_domain.users.user import User

DUE = (
    select(users)
    .where(
        users.c.deleted_at.is_not(None),
        users.c.erased_at.is_(None),
        users.c.deleted_at <= bindparam("deleted_until", type_=INSTANT),
    )
    .order_by(users.c.deleted_at)
)
OF_USERS = "user_id = ANY(%(user_ids)s::uuid[])"
# Jobs last, as everywhere where locks are taken; the records of idempotency keys after them.
REMOVALS = (
    f"DELETE FROM refresh_tokens WHERE {OF_USERS}",  # noqa: S608 - our own text
    f"DELETE FROM second_factors WHERE {OF_USERS}",  # noqa: S608 - our own text
    f"DELETE FROM mail_tokens WHERE {OF_USERS}",  # noqa: S608 - our own text
    f"DELETE FROM second_factor_challenges WHERE {OF_USERS}",  # noqa: S608 - our own text
    f"DELETE FROM login_clients WHERE {OF_USERS}",  # noqa: S608 - our own text
    f"DELETE FROM api_keys WHERE {OF_USERS}",  # noqa: S608 - our own text
    "DELETE FROM approvals WHERE target_id = ANY(%(user_ids)s::uuid[])",
    f"DELETE FROM oauth_states WHERE {OF_USERS}",  # noqa: S608 - our own text
    f"DELETE FROM step_up_confirmations WHERE {OF_USERS}",  # noqa: S608 - our own text
    f"DELETE FROM statement_imports WHERE {OF_USERS}",  # noqa: S608 - our own text
    f"DELETE FROM payees WHERE {OF_USERS}",  # noqa: S608 - our own text
    f"""
    DELETE FROM payees
    WHERE counterparty_account_id IN (SELECT id FROM user_bank_accounts WHERE {OF_USERS})
    """,  # noqa: S608 - our own text
    f"UPDATE user_bank_accounts SET number_hash = NULL WHERE {OF_USERS} AND number_hash IS NOT NULL",  # noqa: S608 - our own text
    "DELETE FROM login_failures WHERE subject = ANY(%(login_subjects)s::text[])",
    """
    DELETE FROM jobs
    WHERE kind = 'notification.send' AND state IN ('completed', 'cancelled', 'discarded')
      AND args ->> 'user_id' = ANY(%(user_ids)s::text[])
    """,
    """
    DELETE FROM jobs
    WHERE kind = 'mail.request' AND state IN ('completed', 'cancelled', 'discarded')
      AND args ->> 'email' = ANY(%(emails)s::text[])
    """,
    f"DELETE FROM idempotency_records WHERE {OF_USERS}",  # noqa: S608 - our own text
)


class PostgresErasureRepository(ErasureRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def list_due(self, *, deleted_until: datetime, limit: int) -> list[User]:
        rows = self._session.run(DUE.limit(limit), {"deleted_until": deleted_until})
        return [user_of_row(row) for row in rows]

    def remove_traces(
        self, user_ids: Collection[UUID], *, emails: Collection[str], login_subjects: Collection[str]
    ) -> None:
        wanted = {
            "user_ids": array_literal(user_ids),
            "emails": array_literal(emails),
            "login_subjects": array_literal(login_subjects),
        }
        for removal in REMOVALS:
            self._session.run_sql(removal, wanted)
