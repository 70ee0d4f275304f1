"""Statement files of accounts in storage."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.banking.statement_import import StatementFacts, StatementImport
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest
from ledgerbank_domain.ports.repositories.presence import present


class StatementImportRepository(Protocol):
    """Statement files: previews for a while, and for ever what those said that were confirmed."""

    @abstractmethod
    def add(self, statement_import: StatementImport) -> None:
        """Stores a new one."""

    @abstractmethod
    def save(self, statement_import: StatementImport) -> None:
        """Updates one locked by this unit of work: what became of it."""

    @abstractmethod
    def find(self, import_id: UUID) -> StatementImport | None:
        """The one with this id, with its movements while it is PREVIEWED."""

    @abstractmethod
    def find_for_update(self, import_id: UUID) -> StatementImport | None:
        """Locked, if it exists."""

    def get_for_update(self, import_id: UUID) -> StatementImport:
        """Locked. Raises ``resource_not_found``."""
        return present(self.find_for_update(import_id), Reason.RESOURCE_NOT_FOUND)

    @abstractmethod
    def list_keyset(self, account_id: UUID, *, request: KeysetRequest) -> KeysetPage[StatementImport]:
        """Those of an account, by ``inserted_at`` and ``id``, without their movements."""

    @abstractmethod
    def list_confirmed_facts(self, account_id: UUID) -> Sequence[StatementFacts]:
        """What the account's confirmed files said, in the order in which they were confirmed."""

    @abstractmethod
    def delete_previews_beyond(self, account_id: UUID, *, newest: int) -> None:
        """Removes the account's previews but for the newest so many."""

    @abstractmethod
    def delete_expired(self, now: datetime, *, limit: int) -> int:
        """Removes previews whose time is over; returns how many, at most ``limit``."""
