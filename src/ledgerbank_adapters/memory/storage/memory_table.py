"""A table in memory: rows by id, unique constraints, foreign keys, indexes."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_index import Identified, Row, RowIndex, UniqueIndex
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """``field`` names a row of ``table``, or is None."""

    field: str
    table: "MemoryTable[Any]"
    reason: Reason

    def check(self, row: Identified) -> None:
        """Raises the reason, naming the field, when no such row exists."""
        reference = getattr(row, self.field)
        if reference is not None and reference not in self.table:
            raise DomainError(self.reason, field=self.field)


class MemoryTable(Generic[Row]):
    """Rows are the frozen entities themselves, so that handing them out gives nobody a way to change them.

    Only a transaction writes here, for only it knows how to undo.
    """

    def __init__(
        self,
        name: str,
        *,
        unique: Sequence[UniqueIndex[Row]] = (),
        indexes: Sequence[RowIndex[Row]] = (),
        references: Sequence[ForeignKey] = (),
    ) -> None:
        self.name = name
        self._rows: dict[UUID, Row] = {}
        self._unique = unique
        self._indexes: Sequence[RowIndex[Row]] = (*unique, *indexes)
        self._references = references

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __contains__(self, row_id: object) -> bool:
        return row_id in self._rows

    def find(self, row_id: UUID) -> Row | None:
        return self._rows.get(row_id)

    def find_all(self, row_ids: Collection[UUID]) -> dict[UUID, Row]:
        """Those that exist, in ascending order of id."""
        return {row_id: self._rows[row_id] for row_id in sorted(set(row_ids)) if row_id in self._rows}

    def rows(self, row_ids: Sequence[UUID]) -> list[Row]:
        """The rows of ids that an index gave, in the index's order."""
        return [self._rows[row_id] for row_id in row_ids]

    def iterate(self, row_ids: Iterator[UUID]) -> Iterator[Row]:
        """Like :meth:`rows`, one by one: nothing may be written meanwhile."""
        return (self._rows[row_id] for row_id in row_ids)

    def is_free_for(self, row: Row) -> bool:
        """Whether its id and its unique keys are nobody's yet."""
        return row.id not in self._rows and all(constraint.admits(row) for constraint in self._unique)

    def insert(self, row: Row) -> None:
        """Raises the violated constraint's reason (``resource_already_exists`` for a known id)."""
        if row.id in self._rows:
            raise DomainError(Reason.RESOURCE_ALREADY_EXISTS, field="id")
        self._check(row)
        self.put(row.id, row)

    def update(self, row: Row) -> Row:
        """Returns the row as it was. Raises like :meth:`insert`."""
        before = self._rows.get(row.id)
        if before is None:
            raise RuntimeError(f"{self.name} has no row {row.id} to save: it must be added first")
        self._check(row)
        self.put(row.id, row)
        return before

    def put(self, row_id: UUID, row: Row | None) -> None:
        """Makes ``row`` (None: nothing) what is stored under the id, without asking any constraint."""
        before = self._rows.pop(row_id, None)
        for index in self._indexes:
            index.replace(before, row)
        if row is not None:
            self._rows[row_id] = row

    def _check(self, row: Row) -> None:
        for constraint in self._unique:
            constraint.check(row)
        for reference in self._references:
            reference.check(row)
