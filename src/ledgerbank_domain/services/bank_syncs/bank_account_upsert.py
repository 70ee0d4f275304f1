"""Bringing the accounts that a bank shows into the books."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.banking.account import Account, AccountSource, AccountStatus
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.bank_statement import ShownAccount
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.bank_syncs.bank_sync_lease import SyncRun
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict

# Nobody has as many; without a bound one answer of a bank could fill the tables.
MAX_ACCOUNTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertedAccounts:
    """What became of the accounts that a bank shows.

    ``taken`` are to be synced; ``left_out`` is about those of another login, ``refused`` about one that
    cannot be what it was.
    """

    taken: tuple[tuple[UUID, ShownAccount], ...]
    left_out: DomainError | None = None
    refused: DomainError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountUpsert:
    """Takes up the accounts that a bank shows: new ones are opened, known ones are found again."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter

    def upsert(self, run: SyncRun, shown: Sequence[ShownAccount]) -> UpsertedAccounts:
        """The accounts shown, as accounts here. New ones are ACTIVE.

        Of known ones nothing changes here: names may have been chosen by their owner, and one that is CLOSED
        here is left alone for good. What came by a login that is not connected any more goes on with this
        one, history and all.

        Raises ``bank_api_error`` for more than anybody has, and :class:`SyncLeaseLost`.
        """
        by_id = {account.external_id: account for account in shown}
        if len(by_id) > MAX_ACCOUNTS:
            raise DomainError(Reason.BANK_API_ERROR, message="The bank shows too many accounts")
        try:
            return self._commit_upsert(run, list(by_id.values()))
        except DomainError as error:
            if error.reason is not Reason.RESOURCE_ALREADY_EXISTS:
                raise
        # Another login got hold of one between looking and adding; this look finds it.
        return self._commit_upsert(run, list(by_id.values()))

    @retried_on_conflict
    def _commit_upsert(self, run: SyncRun, shown: Sequence[ShownAccount]) -> UpsertedAccounts:
        taken: list[tuple[UUID, ShownAccount]] = []
        added: list[Account] = []
        left_out = refused = None
        with self.start_unit_of_work() as work:
            login = run.fence.lock_login(work)
            now = work.now()
            known = work.accounts.find_by_external_ids(
                [each.external_id for each in shown], user_id=login.user_id, bank_id=run.bank.id
            )
            left_alone = _connected_elsewhere(work, login, known.values())
            for each in shown:
                account = known.get(each.external_id)
                if account is None:
                    account = self._new_account(run, each, at=now)
                    added.append(account)
                if account.user_bank_login_id in left_alone:
                    left_out = DomainError(
                        Reason.RESOURCE_ALREADY_EXISTS,
                        message="An account is connected by another bank login already",
                    )
                elif account.currency != each.currency:
                    refused = DomainError(
                        Reason.BANK_API_ERROR, message="The bank shows an account in another currency"
                    )
                elif account.status is not AccountStatus.CLOSED:
                    if account.user_bank_login_id != login.id:
                        work.accounts.move_to_login(account.id, login.id, at=now)
                    taken.append((account.id, each))
            for account in added:
                work.accounts.add(account)
            self.audit.record_each(
                work,
                AuditName.ACCOUNT_CREATED,
                [(run.actor, AuditTarget(account.id)) for account in added],
                at=now,
            )
            work.commit()
        return UpsertedAccounts(taken=tuple(taken), left_out=left_out, refused=refused)

    def _new_account(self, run: SyncRun, shown: ShownAccount, *, at: datetime) -> Account:
        return Account(
            id=self.ids.new_id(),
            user_id=run.login.user_id,
            user_bank_login_id=run.login.id,
            bank_id=run.bank.id,
            source=AccountSource.PROVIDER,
            account_type=shown.account_type,
            account_name=shown.name,
            balance=Money.zero(shown.currency),
            credit_limit=Money.zero(shown.currency),
            day_spent=Money.zero(shown.currency),
            last_four=shown.last_four,
            external_account_id=shown.external_id,
            inserted_at=at,
            updated_at=at,
        )


def _connected_elsewhere(work: UnitOfWork, login: BankLogin, accounts: Collection[Account]) -> set[UUID]:
    """The other logins among those of the accounts through which their bank still tells of them."""
    others = {account.user_bank_login_id for account in accounts if account.user_bank_login_id} - {login.id}
    return {each.id for each in work.bank_logins.find_many(others).values() if each.is_connected}
