"""Pages of what a bank lists, kept until all of them were read: a long history takes more than one sync."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.bank_statement import StatementPage

KEPT_FOR = timedelta(days=3)
"""Then the bank's list may have become another one: it is read anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuestion:
    """What a bank is asked, page by page: all from ``since`` (None: from the first) to ``before``.

    ``login_id`` is by whose access; ``begun_at`` when the first page was asked for.
    """

    login_id: UUID
    since: datetime | None
    before: datetime
    begun_at: datetime

    def goes_on(self, login: BankLogin, *, now: datetime) -> bool:
        """Whether the next page may still be asked for: by the same consent, and before long."""
        consented_at = login.connected_at
        return (
            login.id == self.login_id
            and now - self.begun_at < KEPT_FOR
            and (consented_at is None or consented_at <= self.begun_at)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPage:
    """One page of an answer, the ``number``-th from 0; there is one question of an account at a time."""

    id: UUID
    account_id: UUID
    number: int
    question: HistoryQuestion
    page: StatementPage
    inserted_at: datetime
