"""What storage keeps about users beside their own rows, and who is to be erased."""

from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.users.user import User


class ErasureRepository(Protocol):
    """What is to be gone once a user is erased, wherever it is kept."""

    @abstractmethod
    def list_due(self, *, deleted_until: datetime, limit: int) -> list[User]:
        """Users who were deleted by then and are not erased, the first deleted ones first; not locked."""

    @abstractmethod
    def remove_traces(
        self, user_ids: Collection[UUID], *, emails: Collection[str], login_subjects: Collection[str]
    ) -> None:
        """Removes all that these users, locked by this unit of work, left beside what books are made of.

        That is: sessions, API keys, second factors, payees (also those of others that name their accounts),
        statement files, the networks they logged in from, approvals about them, visits to banks, the answers
        to their requests, the mails that were sent to them as their jobs tell it, those that were asked for
        by their ``emails`` (identities), and the failed logins of the given subjects. What is removed already
        is no error.
        """
