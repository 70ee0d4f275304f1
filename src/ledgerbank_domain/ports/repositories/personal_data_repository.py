"""What is kept about a user, wherever it is kept."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from ledgerbank_domain.users.personal_data import PersonalRecord, PersonalTable


class PersonalDataRepository(Protocol):
    """Reads the tables of :data:`PERSONAL_TABLES`, a few rows at a time."""

    @abstractmethod
    def read(
        self,
        table: PersonalTable,
        user_id: UUID,
        *,
        until: datetime,
        after: tuple[Any, ...] | None,
        limit: int,
    ) -> Sequence[PersonalRecord]:
        """At most ``limit`` rows of the user that came until then, from the one after ``after`` on.

        Facts are ids, instants, decimals, texts, numbers, flags, and lists and mappings of such.
        """
