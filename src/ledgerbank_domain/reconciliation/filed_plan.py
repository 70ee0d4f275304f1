"""What to book of a judged statement file. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank_statement import ShownMovement
from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport
from ledgerbank_domain.banking.statement_file import FiledMovement, StatementFormat
from ledgerbank_domain.banking.statement_import import JudgedMovement, Verdict
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.reconciliation.booking_plan import BookingPlan, KnownImports, PlannedLine
from ledgerbank_domain.reconciliation.filed_matching import file_name_of
from ledgerbank_domain.reconciliation.planned_booking import NewId


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledPlanning:
    """What is planned of a file: the movements that are new, and what is said anew of those known."""

    format: StatementFormat
    known: KnownImports
    new_id: NewId
    at: datetime

    def movement_lines(self, judged: Sequence[JudgedMovement]) -> list[PlannedLine]:
        """A line for each movement that is new. Its name is its id, if nothing else is called so."""
        taken: set[str] = set()
        lines: list[PlannedLine] = []
        for each in judged:
            if each.verdict is Verdict.NEW:
                shown = self._shown(each.movement, taken)
                taken.add(shown.external_id)
                lines.append(
                    PlannedLine(
                        kind=EntryKind.IMPORT,
                        direction=shown.direction,
                        amount=shown.amount,
                        description=shown.description,
                        posted_at=min(shown.posted_at, self.at),
                        shown=shown,
                    )
                )
        return lines

    def plan(
        self,
        account: Account,
        judged: Sequence[JudgedMovement],
        lines: Sequence[PlannedLine],
        differences: Sequence[PlannedLine],
    ) -> BookingPlan:
        """All that is to be booked: ``lines`` of movements, and what settles the balance."""
        records = {
            each.transaction_id: each
            for each in self.known.records.values()
            if each.transaction_id is not None
        }
        return BookingPlan(
            lines=tuple(sorted([*differences, *lines], key=lambda line: line.posted_at)),
            confirmed=tuple(self._confirmed(judged, records)),
            ended={},
            missed=(),
            names=self._names(judged, records),
            difference=Money.zero(account.currency),
            by_feed=False,
        )

    def _shown(self, movement: FiledMovement, taken: set[str]) -> ShownMovement:
        name = file_name_of(movement, self.format)
        is_named = name is not None and name not in taken and self._is_free(name)
        return ShownMovement(
            external_id=name if name is not None and is_named else f"{self.format.value}:/{self.new_id()}",
            direction=movement.direction,
            amount=movement.amount,
            description=movement.description,
            posted_at=movement.posted_at,
            pending=False,
            is_named=is_named,
        )

    def _is_free(self, name: str) -> bool:
        """Whether no line stands for what is called so: one that ended comes back as itself."""
        record = self.known.records.get(name)
        return record is None or (record.transaction_id is None and record.external_transaction_id == name)

    def _confirmed(
        self, judged: Sequence[JudgedMovement], records: Mapping[UUID, BankTransactionImport]
    ) -> list[ShownMovement]:
        """What was pending, and is booked by the bank's word."""
        confirmed: list[ShownMovement] = []
        for each in judged:
            record = records.get(each.line_ids[0]) if each.verdict is Verdict.KNOWN else None
            if record is not None and record.pending and not each.movement.pending:
                confirmed.append(
                    ShownMovement(
                        external_id=record.external_transaction_id,
                        direction=each.movement.direction,
                        amount=each.movement.amount,
                        description=each.movement.description,
                        posted_at=record.posted_at,
                        pending=False,
                    )
                )
        return confirmed

    def _names(
        self, judged: Sequence[JudgedMovement], records: Mapping[UUID, BankTransactionImport]
    ) -> dict[str, str]:
        names: dict[str, str] = {}
        for each in judged:
            name = file_name_of(each.movement, self.format)
            record = records.get(each.line_ids[0]) if each.verdict is Verdict.KNOWN else None
            if record is not None and name is not None and name not in self.known.records:
                names.setdefault(name, record.external_transaction_id)
        return names
