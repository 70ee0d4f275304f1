"""Requests that were given a key, and their answers, in memory."""

from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_record_tables import MemoryRecordTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.idempotency.idempotency_record import IdempotencyRecord
from ledgerbank_domain.ports.repositories.idempotency_repository import IdempotencyRepository


class MemoryIdempotencyRepository(IdempotencyRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add_if_free(self, record: IdempotencyRecord) -> bool:
        if self._tables.record_by_key.find((record.user_id, record.key)) is not None:
            return False
        self._session.insert(self._tables.idempotency_records, record)
        return True

    def find_for_update(self, *, user_id: UUID, key: str) -> IdempotencyRecord | None:
        record_id = self._tables.record_by_key.find((user_id, key))
        return None if record_id is None else self._tables.idempotency_records.find(record_id)

    def replace(self, record_id: UUID, record: IdempotencyRecord) -> bool:
        stored = self._tables.idempotency_records.find(record_id)
        if stored is None:
            return False
        self._session.delete(self._tables.idempotency_records, stored)
        self._session.insert(self._tables.idempotency_records, record)
        return True

    def remove_unanswered(self, record: IdempotencyRecord) -> bool:
        stored = self._tables.idempotency_records.find(record.id)
        if stored is None or stored.answer is not None:
            return False
        self._session.delete(self._tables.idempotency_records, stored)
        return True

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        tables = self._tables
        expired = tables.idempotency_records.rows(tables.records_by_expiry.ids_before(True, before)[:limit])
        for record in expired:
            self._session.delete(tables.idempotency_records, record)
        return len(expired)

    @property
    def _tables(self) -> MemoryRecordTables:
        return self._session.tables.record
