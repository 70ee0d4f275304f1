"""Second factors in memory."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_identity_tables import MemoryIdentityTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.ports.repositories.second_factor_repository import SecondFactorRepository
from ledgerbank_domain.users.second_factor import SecondFactor


class MemorySecondFactorRepository(SecondFactorRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add(self, factor: SecondFactor) -> None:
        self._session.insert(self._tables.second_factors, factor)

    def save(self, factor: SecondFactor) -> None:
        self._session.update(self._tables.second_factors, factor)

    def delete(self, factor: SecondFactor) -> None:
        self._session.delete(self._tables.second_factors, factor)

    def find(self, factor_id: UUID) -> SecondFactor | None:
        return self._tables.second_factors.find(factor_id)

    def find_confirmed(self, user_id: UUID) -> SecondFactor | None:
        return self._found(self._tables.confirmed_factor_of_user.find(user_id))

    def find_unconfirmed(self, user_id: UUID) -> SecondFactor | None:
        return self._found(self._tables.unconfirmed_factor_of_user.find(user_id))

    def list_sealed(self, *, after: UUID | None, limit: int) -> list[SecondFactor]:
        factor_ids: Iterable[UUID] = self._tables.factors_by_id.iterate_ids(True)
        following = (factor_id for factor_id in factor_ids if after is None or factor_id > after)
        return list(islice(self._tables.second_factors.iterate(following), limit))

    def delete_unconfirmed_before(self, before: datetime, *, limit: int) -> int:
        old = self._tables.unconfirmed_factors_by_age.ids_before(True, before)[:limit]
        for factor in self._tables.second_factors.rows(old):
            self._session.delete(self._tables.second_factors, factor)
        return len(old)

    def _found(self, factor_id: UUID | None) -> SecondFactor | None:
        return None if factor_id is None else self._tables.second_factors.find(factor_id)

    @property
    def _tables(self) -> MemoryIdentityTables:
        return self._session.tables.identity
