"""What memory keeps about users beside their own rows, and who is to be erased."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_index import Row
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_adapters.memory.storage.memory_table import MemoryTable
from ledgerbank_domain.jobs.job import Job, JobKind
from ledgerbank_domain.ports.repositories.erasure_repository import ErasureRepository
from ledgerbank_domain.users.user import User


class MemoryErasureRepository(ErasureRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def list_due(self, *, deleted_until: datetime, limit: int) -> list[User]:
        tables = self._session.tables.identity
        return tables.users.rows(tables.users_to_erase.ids_until(True, deleted_until)[:limit])

    def remove_traces(
        self, user_ids: Collection[UUID], *, emails: Collection[str], login_subjects: Collection[str]
    ) -> None:
        gone = set(user_ids)
        tables = self._session.tables
        self._remove(tables.identity.refresh_tokens, lambda token: token.user_id in gone)
        self._remove(tables.identity.mail_tokens, lambda token: token.user_id in gone)
        self._remove(tables.identity.second_factors, lambda factor: factor.user_id in gone)
        self._remove(tables.identity.second_factor_challenges, lambda challenge: challenge.user_id in gone)
        self._remove(tables.identity.clients, lambda row: row.user_id in gone)
        self._remove(tables.identity.api_keys, lambda key: key.user_id in gone)
        self._remove(tables.ledger.statement_imports, lambda each: each.user_id in gone)
        accounts = {account.id for account in tables.banking.accounts if account.user_id in gone}
        self._remove(
            tables.payment.payees,
            lambda payee: payee.user_id in gone or payee.counterparty_account_id in accounts,
        )
        for account in [each for each in tables.banking.accounts if each.id in accounts]:
            self._session.update(tables.banking.accounts, replace(account, number_hash=None))
        self._remove(tables.approval.approvals, lambda approval: approval.target_id in gone)
        self._remove(tables.banking.oauth_states, lambda state: state.user_id in gone)
        self._remove(tables.payment.step_up_confirmations, lambda each: each.user_id in gone)
        self._remove(tables.identity.failures, lambda row: row.failures.subject in login_subjects)
        self._remove(tables.job.jobs, lambda job: _is_mail_to(job, gone) or _is_asked_for_by(job, emails))
        self._remove(tables.record.idempotency_records, lambda record: record.user_id in gone)

    def _remove(self, table: MemoryTable[Row], is_trace: Callable[[Row], bool]) -> None:
        for row in [row for row in table if is_trace(row)]:
            self._session.delete(table, row)


def _is_asked_for_by(job: Job, emails: Collection[str]) -> bool:
    return job.kind is JobKind.MAIL_REQUEST and job.is_finished and job.args["email"] in emails


def _is_mail_to(job: Job, user_ids: Collection[UUID]) -> bool:
    is_sent = job.kind is JobKind.NOTIFICATION_SEND and job.is_finished
    return is_sent and UUID(job.args["user_id"]) in user_ids
