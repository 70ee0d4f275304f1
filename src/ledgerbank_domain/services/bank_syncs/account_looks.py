"""Looking at an account of a bank again and again: a long list is read once, and kept page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from ledgerbank_domain.banking.bank_statement import (
    BankStatement,
    ShownAccount,
    ShownBalance,
    StatementPage,
)
from ledgerbank_domain.banking.kept_page import HistoryQuestion, KeptPage
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.bank_syncs.bank_conversation import CLOCKS_MAY_DIFFER_BY, check_pages_end
from ledgerbank_domain.services.bank_syncs.bank_sync_lease import SyncRun
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict

# What is read again in a moment need not be kept, nor the second time be left out.
PAGES_READ_ANEW = 4
SHORTEST_LOOK = timedelta(days=2)


@dataclass(slots=True, kw_only=True)
class AccountLooks:
    """The looks of one sync at one account, asked for one after the other.

    The first one reads all that was asked for, and goes on where an attempt before had to stop. After a long
    list the following ones read the last days only, ``lookback`` of them at least: what is older stands as
    it was read. No unit of work may be open while one is taken.
    """

    run: SyncRun
    account_id: UUID
    shown: ShownAccount
    since: datetime | None
    lookback: timedelta
    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    _question: HistoryQuestion = field(init=False)
    _pages: list[StatementPage] = field(default_factory=list, init=False)
    _kept: int = field(default=0, init=False)
    """How many of the pages are in storage."""

    @property
    def reads_long(self) -> bool:
        """Whether there is so much that it was kept, and is not read twice."""
        return len(self._pages) > PAGES_READ_ANEW

    def first(self) -> BankStatement:
        """Raises what the bank's answers make of it, also ``bank_api_error`` for endless pages.

        Also ``timeout``, after which another attempt goes on with what was kept; :class:`SyncLeaseLost`.
        """
        goes_on = self._take_up()
        if not goes_on:
            self._read_from_the_start()
        elif self._pages[-1].next_page is not None:
            self._read_on()
        if goes_on:
            # The list is of then, the balance of now.
            return self.next()
        return self._statement(self._pages, self._question.before)

    def next(self) -> BankStatement:
        """Once more, after the first one. Raises as that does."""
        conversation = self.run.conversation
        if not self.reads_long:
            self._read_from_the_start()
            return self._statement(self._pages, self._question.before)
        before = conversation.now() + CLOCKS_MAY_DIFFER_BY
        since = self._question.before - max(self.lookback, SHORTEST_LOOK) - CLOCKS_MAY_DIFFER_BY
        if self.since is not None:
            since = max(since, self.since)
        fresh = conversation.pages_of(self.shown, since=since, before=before)
        return self._statement(_joined(self._pages, fresh, at=since), before)

    def forget(self) -> None:
        """What was kept is of no more use."""
        if self._kept:
            self._forget()
            self._kept = 0

    def _statement(self, pages: Sequence[StatementPage], before: datetime) -> BankStatement:
        balance: ShownBalance = self.run.conversation.balance_of(self.shown)
        return BankStatement.from_pages(
            pages, balance=balance, begins_at=self._question.since, ends_at=before
        )

    def _take_up(self) -> bool:
        """Whether an attempt before has kept pages of a question that may be asked on."""
        now = self.run.conversation.now()
        with self.start_unit_of_work() as work:
            kept = work.kept_pages.list_of_account(self.account_id)
        if not kept:
            return False
        self._kept = len(kept)
        if not kept[0].question.goes_on(self.run.login, now=now):
            self.forget()
            return False
        self._question = kept[0].question
        self._pages = [each.page for each in kept]
        return True

    def _read_from_the_start(self) -> None:
        now = self.run.conversation.now()
        self._question = HistoryQuestion(
            login_id=self.run.login.id,
            since=self.since,
            before=now + CLOCKS_MAY_DIFFER_BY,
            begun_at=now,
        )
        self._pages = [self._page(None)]
        self._read_rest()

    def _read_on(self) -> None:
        """A bank may have forgotten where we were: then all is read anew."""
        try:
            self._pages.append(self._page(self._pages[-1].next_page))
        except DomainError as error:
            if error.reason is not Reason.BANK_API_ERROR:
                raise
            self.forget()
            self._read_from_the_start()
            return
        self._read_rest()

    def _read_rest(self) -> None:
        while (wanted := self._pages[-1].next_page) is not None:
            try:
                check_pages_end(self._pages)
            except DomainError:
                self.forget()
                self.run.progress.made = False
                raise
            if self.reads_long:
                self._keep()
            self._pages.append(self._page(wanted))

    def _page(self, page: str | None) -> StatementPage:
        question = self._question
        return self.run.conversation.page_of(
            self.shown, since=question.since, before=question.before, page=page
        )

    @retried_on_conflict
    def _keep(self) -> None:
        """What was read and is not kept yet; the last page need not be, it only takes one call."""
        with self.start_unit_of_work() as work:
            self.run.fence.lock_login(work)
            now = work.now()
            work.kept_pages.add_many(
                [
                    KeptPage(
                        id=self.ids.new_id(),
                        account_id=self.account_id,
                        number=number,
                        question=self._question,
                        page=page,
                        inserted_at=now,
                    )
                    for number, page in enumerate(self._pages[self._kept :], start=self._kept)
                ]
            )
            work.commit()
        self._kept = len(self._pages)
        self.run.progress.made = True

    @retried_on_conflict
    def _forget(self) -> None:
        with self.start_unit_of_work() as work:
            self.run.fence.lock_login(work)
            work.kept_pages.delete_of_account(self.account_id)
            work.commit()


def _joined(
    known: Sequence[StatementPage], fresh: Sequence[StatementPage], *, at: datetime
) -> list[StatementPage]:
    """What is older as it was known, the rest as it was just read."""
    seen = {shown.external_id for page in fresh for shown in page.movements}
    older = [
        replace(
            page,
            movements=tuple(shown for shown in page.movements if shown.posted_at < at),
            unread=tuple(each for each in page.unread if each.external_id not in seen),
        )
        for page in known
    ]
    newer = [
        replace(
            page, movements=tuple(shown for shown in page.movements if shown.posted_at >= at), begins_at=None
        )
        for page in fresh
    ]
    return [*older, *newer]
