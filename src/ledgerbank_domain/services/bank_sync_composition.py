"""The services that sync with banks, over one set of ports."""

from dataclasses import dataclass

from ledgerbank_domain.jobs.job import JobKind
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.secret_box import SecretBox
from ledgerbank_domain.ports.sync_observer import SyncObserver, SyncOutcome
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit_writer import AuditWriter
from ledgerbank_domain.services.bank_access import BankAccessKeeper
from ledgerbank_domain.services.bank_account_sync import BankAccountSync
from ledgerbank_domain.services.bank_account_upsert import BankAccountUpsert
from ledgerbank_domain.services.bank_gateway_lookup import Gateways
from ledgerbank_domain.services.bank_sync_lease import SyncLeases
from ledgerbank_domain.services.bank_sync_schedule import DueSyncService
from ledgerbank_domain.services.bank_sync_service import BankSyncService
from ledgerbank_domain.services.bank_token_sealer import BankTokenSealer
from ledgerbank_domain.services.job_work import JobWorks, PlainWork


@dataclass(frozen=True, slots=True, kw_only=True)
class BankSyncServices:
    sync: BankSyncService
    due: DueSyncService

    def works(self) -> JobWorks:
        return {
            JobKind.BANK_SYNC: PlainWork(self.sync.run_job),
            JobKind.BANK_SCHEDULE_DUE: PlainWork(self.due.run_job),
        }


def compose_bank_sync_services(
    *,
    start_unit_of_work: StartUnitOfWork,
    storage_clock: Clock,
    ids: IdGenerator,
    audit: AuditWriter,
    secret_box: SecretBox,
    gateways: Gateways,
    accesses: BankAccessKeeper,
    observer: SyncObserver | None = None,
) -> BankSyncServices:
    """``storage_clock`` is by which several processes decide together whose turn it is."""
    return BankSyncServices(
        sync=BankSyncService(
            clock=storage_clock,
            leases=SyncLeases(start_unit_of_work=start_unit_of_work, ids=ids, audit=audit, gateways=gateways),
            sealer=BankTokenSealer(box=secret_box),
            accounts=BankAccountUpsert(start_unit_of_work=start_unit_of_work, ids=ids, audit=audit),
            account_sync=BankAccountSync(
                start_unit_of_work=start_unit_of_work, clock=storage_clock, ids=ids, audit=audit
            ),
            accesses=accesses,
            observer=observer or _SilentSyncObserver(),
        ),
        due=DueSyncService(
            start_unit_of_work=start_unit_of_work, clock=storage_clock, ids=ids, gateways=gateways
        ),
    )


class _SilentSyncObserver(SyncObserver):
    """Counts nothing."""

    def bank_sync_ended(self, *, provider: str, outcome: SyncOutcome) -> None:
        pass
