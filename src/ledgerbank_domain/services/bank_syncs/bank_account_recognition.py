"""Finding out which of the accounts that a bank shows under ids nobody knows are known all the same."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

from ledgerbank_domain.banking.account import Account, AccountSource, AccountStatus
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.bank_statement import ShownAccount, ShownAccounts, ShownMovement
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.security import Pseudonymizer
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.reconciliation.account_recognition import (
    KEY_MARK_LENGTH,
    Recognition,
    Sameness,
    by_looks,
    by_movements,
    by_number,
    recognised,
)
from ledgerbank_domain.services.bank_syncs.bank_sync_lease import SyncRun

# Enough of both histories to compare, and little enough to ask for.
COMPARED_FOR = timedelta(days=60)
NO_COINCIDENCE = 3
"""So many movements that are the same on accounts of two banks are the movements of one account."""
_KEY_MARK = "the key of account numbers"

Pair: TypeAlias = tuple[str, UUID]
"""A shown account by the bank's id, and a known one."""
Comparisons: TypeAlias = Mapping[Pair, Sameness]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountRecognition:
    """Compares shown accounts with known ones: by number where both are told, else by movements."""

    start_unit_of_work: StartUnitOfWork
    pseudonymizer: Pseudonymizer

    def number_hashes(self, login: BankLogin, shown: ShownAccount) -> Sequence[str]:
        """All that the account's number may be stored as, by the key of now first; empty: it is not told.

        Nobody can tell by them that two customers share an account. Each begins with what tells its key.
        """
        if shown.number is None:
            return ()
        keys = self.pseudonymizer.pseudonyms(_KEY_MARK)
        numbers = self.pseudonymizer.pseudonyms(f"{login.user_id} {shown.number}")
        return [f"{key[:KEY_MARK_LENGTH]}{number}" for key, number in zip(keys, numbers, strict=True)]

    def look_closer(self, run: SyncRun, shown: ShownAccounts) -> Comparisons:
        """What movements say of those that nothing else tells apart; asks the bank, so no unit may be open.

        Raises what :class:`BankConversation` raises, but for an account that cannot be read.
        """
        with self.start_unit_of_work() as work:
            books = work.accounts.list_of_user(run.login.user_id)
            pairs = self._open_pairs(work, run, shown, books)
            lines = {account.id: _lines_of(work, account) for _, account, _ in pairs}
        found: dict[Pair, Sameness] = {}
        for each in shown.accounts:
            rivals = [(account, near) for one, account, near in pairs if one is each and lines[account.id]]
            if not rivals:
                continue
            since = min(lines[account.id][0].posted_at for account, _ in rivals)
            try:
                listed = run.conversation.statement_of(each, since=since).movements
            except DomainError as error:
                if error.reason is not Reason.BANK_API_ERROR:
                    raise
                continue
            for account, is_near in rivals:
                known = lines[account.id]
                found[each.external_id, account.id] = (
                    by_movements(listed, known) if is_near else _elsewhere(listed, known)
                )
        return found

    def recognise(
        self,
        work: UnitOfWork,
        run: SyncRun,
        shown: ShownAccounts,
        books: Collection[Account],
        looked: Comparisons,
    ) -> Recognition:
        """What became of the shown accounts whose ids the books do not know."""
        near = _near(work, run, shown, books)
        found: dict[Pair, Sameness] = {}
        for each in _newcomers(run, shown, books):
            for account in books:
                pair = (each.external_id, account.id)
                sameness = self._sameness(run, each, account)
                if sameness is None:
                    nobody_looked = Sameness.UNCLEAR if account.id in near else Sameness.DIFFERENT
                    sameness = looked.get(pair, nobody_looked)
                found[pair] = sameness
        return recognised(found)

    def _open_pairs(
        self, work: UnitOfWork, run: SyncRun, shown: ShownAccounts, books: Collection[Account]
    ) -> list[tuple[ShownAccount, Account, bool]]:
        """Those that their movements may tell apart, and whether the bank told of the known one till now."""
        newcomers = _newcomers(run, shown, books)
        near = _near(work, run, shown, books) if newcomers else set()
        ids = {each.external_id for each in shown.accounts}
        return [
            (each, account, account.id in near)
            for each in newcomers
            for account in books
            if account.line_count
            and not (account.bank_id == run.bank.id and account.external_account_id in ids)
            and self._sameness(run, each, account) is None
        ]

    def _sameness(self, run: SyncRun, shown: ShownAccount, account: Account) -> Sameness | None:
        """What is certain without a look at movements; None: they may say more."""
        is_over = account.status is AccountStatus.CLOSED and not shown.is_closed
        if not account.fed:
            return Sameness.DIFFERENT
        sameness = by_number(shown, self.number_hashes(run.login, shown), account)
        if sameness is Sameness.UNCLEAR:
            is_other = is_over or by_looks(shown, account) is Sameness.DIFFERENT
            return Sameness.DIFFERENT if is_other else None
        is_told_here = account.source is AccountSource.PROVIDER and account.bank_id == run.bank.id
        if sameness is Sameness.SAME and not is_told_here:
            # Another bank or its files tell of it: whether this one goes on with it is its owner's to say.
            return Sameness.DIFFERENT if is_over else Sameness.UNCLEAR
        return sameness


def _elsewhere(listed: Sequence[ShownMovement], lines: Sequence[Transaction]) -> Sameness:
    """Of an account that another road tells of: that its movements are the same is a doubt, never certain."""
    is_same = by_movements(listed, lines, at_least=NO_COINCIDENCE) is Sameness.SAME
    return Sameness.UNCLEAR if is_same else Sameness.DIFFERENT


def _newcomers(run: SyncRun, shown: ShownAccounts, books: Collection[Account]) -> list[ShownAccount]:
    known = {account.external_account_id for account in books if account.bank_id == run.bank.id}
    return [each for each in shown.accounts if each.external_id not in known]


def _near(work: UnitOfWork, run: SyncRun, shown: ShownAccounts, books: Collection[Account]) -> set[UUID]:
    """Those that the bank told of and shows no longer: without a number only they can be newcomers."""
    absent = [account for account in books if is_absent(account, run, shown)]
    others = {account.user_bank_login_id for account in absent if account.user_bank_login_id}
    connected = {
        login.id
        for login in work.bank_logins.find_many(others).values()
        if login.is_connected and login.id != run.login.id
    }
    return {account.id for account in absent if account.user_bank_login_id not in connected}


def is_absent(account: Account, run: SyncRun, shown: ShownAccounts) -> bool:
    """Whether the bank told of it, and does not show it now; not while a record may be any account."""
    unread = {record.external_id for record in shown.unread}
    told = {each.external_id for each in shown.accounts} | unread
    return (
        None not in unread
        and account.source is AccountSource.PROVIDER
        and account.bank_id == run.bank.id
        and account.external_account_id is not None
        and account.external_account_id not in told
    )


def _lines_of(work: UnitOfWork, account: Account) -> list[Transaction]:
    """The account's newest lines that its bank told of, oldest first."""
    now = work.now()
    newest = work.bank_imports.imported_span(account.id, pending_since=now).newest
    if newest is None:
        return []
    records = work.bank_imports.list_standing(
        account.id, since=newest - COMPARED_FOR, before=newest + timedelta(days=1)
    )
    lines = work.transactions.find_many([each.transaction_id for each in records if each.transaction_id])
    return sorted(lines.values(), key=lambda line: line.posted_at)
