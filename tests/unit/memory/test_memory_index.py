"""Indexes find what a look at every row would find, after any changes and their undoing."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_adapters.memory.storage.memory_index import OrderedIndex, UniqueIndex
from ledgerbank_adapters.memory.storage.memory_table import MemoryTable
from ledgerbank_domain.errors.domain_error import DomainError


@dataclass(frozen=True)
class Item:
    id: UUID
    group: int | None
    order: int
    name: str | None


items = st.builds(
    Item,
    id=st.integers(0, 8).map(lambda number: UUID(int=number)),
    group=st.none() | st.integers(0, 2),
    order=st.integers(0, 4),
    name=st.none() | st.sampled_from("abcde"),
)


class Shelf:
    def __init__(self) -> None:
        self.by_name = UniqueIndex[Item]("name", lambda item: item.name)
        self.ordered = OrderedIndex[Item](group_of=lambda item: item.group, order_of=lambda item: item.order)
        self.table = MemoryTable[Item]("items", unique=[self.by_name], indexes=[self.ordered])

    def store(self, item: Item) -> None:
        if item.id in self.table:
            self.table.update(item)
        else:
            self.table.insert(item)

    def agrees_with(self, rows: Iterable[Item]) -> None:
        expected = list(rows)
        assert sorted(self.table, key=lambda item: item.id) == sorted(expected, key=lambda item: item.id)
        for name in "abcde":
            assert self.by_name.find(name) == next((row.id for row in expected if row.name == name), None)
        for group in range(3):
            members = sorted(
                (row for row in expected if row.group == group), key=lambda row: (row.order, row.id)
            )
            assert self.ordered.ids(group) == [row.id for row in members]
            assert list(self.ordered.iterate_ids(group)) == [row.id for row in members]
            for start in range(6):
                since = [row for row in members if row.order >= start]
                assert self.ordered.ids_since(group, start) == [row.id for row in since]
                before = [row for row in members if row.order < start]
                until = [row for row in members if row.order <= start]
                assert self.ordered.ids_before(group, start) == [row.id for row in before]
                assert self.ordered.ids_until(group, start) == [row.id for row in until]


@given(st.lists(items, max_size=25))
def test_indexes_agree_with_the_rows_after_any_changes(changes: list[Item]) -> None:
    shelf, rows = Shelf(), dict[UUID, Item]()
    for item in changes:
        taken = {row.name for row in rows.values() if row.id != item.id} - {None}
        try:
            shelf.store(item)
        except DomainError:
            assert item.name in taken
        else:
            assert item.name not in taken
            rows[item.id] = item
    shelf.agrees_with(rows.values())


@given(st.lists(items, max_size=12), st.lists(items, max_size=12))
def test_undoing_changes_backwards_restores_rows_and_indexes(before: list[Item], changes: list[Item]) -> None:
    shelf = Shelf()
    for item in before:
        store_if_allowed(shelf, item)
    rows = list(shelf.table)
    undo = []

    for item in changes:
        previous = shelf.table.find(item.id)
        if store_if_allowed(shelf, item):
            undo.append((item.id, previous))
    for item_id, previous in reversed(undo):
        shelf.table.put(item_id, previous)

    shelf.agrees_with(rows)


def store_if_allowed(shelf: Shelf, item: Item) -> bool:
    try:
        shelf.store(item)
    except DomainError:
        return False
    return True
