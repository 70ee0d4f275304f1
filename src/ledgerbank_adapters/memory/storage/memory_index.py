"""Ways to find rows without looking at all of them, each kept in step with its table."""

from abc import abstractmethod
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import TransactionConflict


class Identified(Protocol):
    """What a table can hold: rows that an id tells apart."""

    @property
    def id(self) -> UUID: ...


Position = tuple[Any, UUID]
"""A row's place in an order: the value it is ordered by, and its id."""

Row = TypeVar("Row", bound=Identified)
Row_contra = TypeVar("Row_contra", bound=Identified, contravariant=True)


class RowIndex(Protocol[Row_contra]):
    """What a table tells of every change to a row, so that the row is found by something else than its id."""

    @abstractmethod
    def replace(self, before: Row_contra | None, after: Row_contra | None) -> None:
        """A row was changed, added (``before`` is None) or removed (``after`` is None)."""


class UniqueIndex(RowIndex[Row], Generic[Row]):
    """At most one row per key. Rows whose key is None are left out, as NULL is in SQL."""

    def __init__(
        self,
        field: str,
        key_of: Callable[[Row], Hashable | None],
        *,
        reason: Reason | None = Reason.RESOURCE_ALREADY_EXISTS,
    ) -> None:
        """Without a reason only an outdated read can lead to a taken key: a conflict, to be tried again."""
        self._field = field
        self._key_of = key_of
        self._reason = reason
        self._ids: dict[Hashable, UUID] = {}

    def find(self, key: Hashable) -> UUID | None:
        return self._ids.get(key)

    def admits(self, row: Row) -> bool:
        """Whether no other row has the key."""
        key = self._key_of(row)
        return key is None or self._ids.get(key, row.id) == row.id

    def check(self, row: Row) -> None:
        """Raises the constraint's reason, naming its field, when another row has the key."""
        if self.admits(row):
            return
        if self._reason is None:
            raise TransactionConflict(f"another unit of work has taken {self._field} {self._key_of(row)}")
        raise DomainError(self._reason, field=self._field)

    def replace(self, before: Row | None, after: Row | None) -> None:
        if before is not None:
            self._ids.pop(self._key_of(before), None)
        if after is not None:
            key = self._key_of(after)
            if key is not None:
                self._ids[key] = after.id


class OrderedIndex(RowIndex[Row], Generic[Row]):
    """The rows of a group in ascending order, then by id. Rows whose group is None are left out."""

    def __init__(self, *, group_of: Callable[[Row], Hashable | None], order_of: Callable[[Row], Any]) -> None:
        self._group_of = group_of
        self._order_of = order_of
        self._groups: dict[Hashable, list[Position]] = {}

    def ids(self, group: Hashable) -> list[UUID]:
        return [row_id for _, row_id in self._groups.get(group, ())]

    def ids_since(self, group: Hashable, start: Any) -> list[UUID]:
        """Those at or after ``start``."""
        positions = self._groups.get(group, [])
        return [row_id for _, row_id in positions[bisect_left(positions, start, key=_order) :]]

    def ids_until(self, group: Hashable, end: Any) -> list[UUID]:
        """Those at or before ``end``."""
        positions = self._groups.get(group, [])
        return [row_id for _, row_id in positions[: bisect_right(positions, end, key=_order)]]

    def ids_before(self, group: Hashable, end: Any) -> list[UUID]:
        positions = self._groups.get(group, [])
        return [row_id for _, row_id in positions[: bisect_left(positions, end, key=_order)]]

    def iterate_ids_between(
        self, group: Hashable, start: Any, end: Any, *, after: Position | None
    ) -> Iterator[UUID]:
        """Those from ``start`` to ``end``, or rather from right after a position that is among them.

        For who needs only the first few: the index must not change meanwhile.
        """
        positions = self._groups.get(group, [])
        if after is None:
            place = bisect_left(positions, start, key=_order)
        else:
            place = bisect_right(positions, after)
        while place < len(positions) and _order(positions[place]) <= end:
            yield positions[place][1]
            place += 1

    def iterate_ids(self, group: Hashable) -> Iterator[UUID]:
        """For who needs only the first few: the index must not change meanwhile."""
        return (row_id for _, row_id in self._groups.get(group, ()))

    def replace(self, before: Row | None, after: Row | None) -> None:
        old, new = self._place(before), self._place(after)
        if old == new:
            return
        if old is not None:
            self._remove(*old)
        if new is not None:
            group, position = new
            insort(self._groups.setdefault(group, []), position)

    def _place(self, row: Row | None) -> tuple[Hashable, Position] | None:
        group = None if row is None else self._group_of(row)
        return None if row is None or group is None else (group, (self._order_of(row), row.id))

    def _remove(self, group: Hashable, position: Position) -> None:
        positions = self._groups[group]
        del positions[bisect_left(positions, position)]
        if not positions:
            del self._groups[group]


def _order(position: Position) -> Any:
    return position[0]
