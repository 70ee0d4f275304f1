"""Bringing the accounts that a bank shows into the books."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.banking.account import Account, AccountSource, AccountStatus
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.bank_statement import ShownAccount, ShownAccounts
from ledgerbank_domain.banking.feed_warning import FeedFault, FeedWarning, RecordKind
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.reconciliation.account_recognition import Sameness, by_number
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.bank_syncs.bank_account_recognition import (
    BankAccountRecognition,
    Comparisons,
    is_absent,
)
from ledgerbank_domain.services.bank_syncs.bank_sync_lease import SyncRun
from ledgerbank_domain.services.banks.bank_gateway_lookup import is_another_customer
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict

# Nobody has as many; without a bound one answer of a bank could fill the tables.
MAX_ACCOUNTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertedAccounts:
    """What became of the accounts that a bank shows.

    ``taken`` are to be synced; ``left_out`` is about those of another login, ``refused`` about one that
    cannot be what it was. ``warnings`` are about those that may be known ones, and those not shown any more.
    """

    taken: tuple[tuple[UUID, ShownAccount], ...]
    left_out: DomainError | None = None
    refused: DomainError | None = None
    warnings: tuple[FeedWarning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountUpsert:
    """Takes up the accounts that a bank shows: new ones are opened, known ones are found again."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    recognition: BankAccountRecognition

    def upsert(self, run: SyncRun, shown: ShownAccounts) -> UpsertedAccounts:
        """The accounts shown, as accounts here. New ones are ACTIVE.

        Of known ones nothing changes here: names may have been chosen by their owner, and one that is CLOSED
        here is left alone for good. What came by a login that is not connected any more goes on with this
        one, history and all; so does what the bank shows under another id, where that is certain. Where it is
        not, nothing is opened. What the bank shows no longer is INACTIVE until it is shown again.

        Raises ``bank_api_error`` for more than anybody has, :class:`SyncLeaseLost`, and what
        :class:`BankConversation` raises.
        """
        by_id = {account.external_id: account for account in shown.accounts}
        if len(by_id) > MAX_ACCOUNTS:
            raise DomainError(Reason.BANK_API_ERROR, message="The bank shows too many accounts")
        shown = replace(shown, accounts=tuple(by_id.values()))
        looked = self.recognition.look_closer(run, shown)
        try:
            return self._commit_upsert(run, shown, looked)
        except DomainError as error:
            if error.reason is not Reason.RESOURCE_ALREADY_EXISTS:
                raise
        # Another login got hold of one between looking and adding; this look finds it.
        return self._commit_upsert(run, shown, looked)

    @retried_on_conflict
    def _commit_upsert(self, run: SyncRun, shown: ShownAccounts, looked: Comparisons) -> UpsertedAccounts:
        with self.start_unit_of_work() as work:
            login = run.fence.lock_login(work)
            books = work.accounts.list_of_user_for_update(login.user_id)
            taking = _Taking(upsert=self, work=work, run=run, login=login, at=work.now())
            taking.take_all(shown, books, looked)
            taking.leave(shown, books)
            work.commit()
        return taking.found


@dataclass(slots=True, kw_only=True)
class _Taking:
    """One unit of work in which shown accounts are taken up, with the accounts of their owner locked."""

    upsert: BankAccountUpsert
    work: UnitOfWork
    run: SyncRun
    login: BankLogin
    at: datetime
    found: UpsertedAccounts = field(default=UpsertedAccounts(taken=()))
    _added: list[Account] = field(default_factory=list)
    _renamed: set[UUID] = field(default_factory=set)

    def take_all(self, shown: ShownAccounts, books: Sequence[Account], looked: Comparisons) -> None:
        by_id = {account.id: account for account in books}
        known = {
            account.external_account_id: account
            for account in books
            if account.bank_id == self.run.bank.id and account.external_account_id is not None
        }
        recognition = self.upsert.recognition.recognise(self.work, self.run, shown, books, looked)
        left_alone = _of_others(self.work, self.run, self.login, books)
        for each in shown.accounts:
            account = known.get(each.external_id)
            if account is None and each.external_id in recognition.known:
                account = by_id[recognition.known[each.external_id]]
            if account is not None:
                self._go_on(account, each, left_alone)
            elif each.external_id in recognition.doubtful:
                candidates = [by_id[account_id] for account_id in recognition.doubtful[each.external_id]]
                if each.is_closed and all(one.status is AccountStatus.CLOSED for one in candidates):
                    continue
                self._warn(each.external_id, FeedFault.DOUBTFUL, at=self.at)
            else:
                self._open(each)
        for account in self._added:
            self.work.accounts.add(account)
        self.upsert.audit.record_each(
            self.work,
            AuditName.ACCOUNT_CREATED,
            [(self.run.actor, AuditTarget(account.id)) for account in self._added],
            at=self.at,
        )

    def leave(self, shown: ShownAccounts, books: Sequence[Account]) -> None:
        """What this login told of, and its bank shows no longer.

        A bank that shows nothing at all may be out of order: its word is taken when it lasts.
        """
        for account in books:
            is_ours = account.user_bank_login_id == self.login.id and account.id not in self._renamed
            if (
                not is_ours
                or account.status is AccountStatus.CLOSED
                or not is_absent(account, self.run, shown)
            ):
                continue
            left = account.missing(is_certain=bool(shown.accounts), at=self.at)
            if left is not account:
                self.work.accounts.save(left)
                self._record(account, left)
            since = left.missing_since or self.at
            self._warn(account.external_account_id, FeedFault.NOT_SHOWN, at=since)

    def _go_on(self, account: Account, shown: ShownAccount, left_alone: Collection[UUID]) -> None:
        if account.source is not AccountSource.PROVIDER:
            # Its owner has files tell of it.
            return
        if account.user_bank_login_id in left_alone:
            self.found = replace(
                self.found,
                left_out=DomainError(
                    Reason.RESOURCE_ALREADY_EXISTS,
                    message="An account is connected by another bank login already",
                ),
            )
            return
        if account.currency != shown.currency:
            self.found = replace(
                self.found,
                refused=DomainError(
                    Reason.BANK_API_ERROR, message="The bank shows an account in another currency"
                ),
            )
            return
        hashes = self.upsert.recognition.number_hashes(self.login, shown)
        if by_number(shown, hashes, account) is Sameness.DIFFERENT:
            # An id that stands for another account now, or one that its owner took for another.
            self._warn(shown.external_id, FeedFault.CONTRADICTORY, field="number", at=self.at)
            return
        going_on = replace(
            account.shown_again(at=self.at),
            external_account_id=shown.external_id,
            user_bank_login_id=self.login.id,
            number_hash=hashes[0] if hashes else account.number_hash,
        )
        if going_on != account:
            going_on = replace(going_on, updated_at=self.at)
            self.work.accounts.save_source(going_on)
            self._record(account, going_on)
        if going_on.external_account_id != account.external_account_id:
            self._renamed.add(account.id)
        if account.status is not AccountStatus.CLOSED:
            self._take(account.id, shown)

    def _open(self, shown: ShownAccount) -> None:
        hashes = self.upsert.recognition.number_hashes(self.login, shown)
        account = Account(
            id=self.upsert.ids.new_id(),
            user_id=self.login.user_id,
            user_bank_login_id=self.login.id,
            bank_id=self.run.bank.id,
            source=AccountSource.PROVIDER,
            account_type=shown.account_type,
            account_name=shown.name,
            balance=Money.zero(shown.currency),
            credit_limit=Money.zero(shown.currency),
            day_spent=Money.zero(shown.currency),
            last_four=shown.last_four,
            external_account_id=shown.external_id,
            number_hash=hashes[0] if hashes else None,
            inserted_at=self.at,
            updated_at=self.at,
        )
        self._added.append(account)
        self._take(account.id, shown)

    def _take(self, account_id: UUID, shown: ShownAccount) -> None:
        self.found = replace(self.found, taken=(*self.found.taken, (account_id, shown)))

    def _warn(self, external_id: str | None, why: FeedFault, *, at: datetime, field: str = "id") -> None:
        warning = FeedWarning(
            kind=RecordKind.ACCOUNT,
            external_account_id=external_id,
            external_id=external_id,
            field=field,
            why=why,
            at=at,
        )
        self.found = replace(self.found, warnings=(*self.found.warnings, warning))

    def _record(self, before: Account, after: Account) -> None:
        """What people can see of an account, and so not the keyed hash of its number."""
        told = changes_between(replace(before, number_hash=None), replace(after, number_hash=None))
        if told["changes"]:
            self.upsert.audit.record(
                self.work,
                AuditName.ACCOUNT_UPDATED,
                actor=self.run.actor,
                about=after.id,
                facts=told,
                at=self.at,
            )


def _of_others(work: UnitOfWork, run: SyncRun, login: BankLogin, accounts: Collection[Account]) -> set[UUID]:
    """The other logins whose accounts are theirs to go on with.

    Their bank still tells of them there, or they are another person's: some banks name whom they let in.
    """
    others = {account.user_bank_login_id for account in accounts if account.user_bank_login_id} - {login.id}
    return {
        each.id
        for each in work.bank_logins.find_many(others).values()
        if each.is_connected
        or is_another_customer(run.conversation.gateway, each.provider_user_id, login.provider_user_id)
    }
