"""What workers do with jobs, step by step, and how jobs and payments stand then."""

from collections.abc import Mapping
from uuid import UUID

from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import Job, JobFilter, JobKind
from ledgerbank_domain.jobs.job_schedule import JobSchedule
from ledgerbank_domain.payments.payment import Payment, PaymentStatus
from ledgerbank_domain.ports.job_transport import JobBatch, JobTransport, JobTransportError
from ledgerbank_domain.services.payments.payment_job_lookup import find_newest_payment_job

WORKER = UUID("00000000-0000-0000-0000-0000000000aa")
ANOTHER_WORKER = UUID("00000000-0000-0000-0000-0000000000bb")
PAYMENTS_ONLY = {"payments": 1}


class Outbox(JobTransport):
    """Keeps what is sent; refuses when it is closed."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.batches: list[JobBatch] = []
        self.is_open = is_open

    def send(self, batch: JobBatch) -> None:
        if not self.is_open:
            raise JobTransportError("closed")
        self.batches.append(batch)


def scheduled(
    world: ServiceWorld, payer: Customer, *amounts: str, balance: str = "500", priority: int = 0
) -> tuple[Account, list[Payment]]:
    user, actor = payer
    account = world.account_of(user, balance)
    payments = [world.pending(actor, account, amount) for amount in amounts]
    for payment in payments:
        world.payment_schedules.schedule(
            actor, payment_id=payment.id, schedule=JobSchedule(priority=priority)
        )
    return account, payments


def status_of(world: ServiceWorld, payment: Payment) -> PaymentStatus:
    return payment_now(world, payment).status


def payment_now(world: ServiceWorld, payment: Payment) -> Payment:
    with world.start_unit_of_work() as work:
        return work.payments.find_many([payment.id])[payment.id]


def job_of(world: ServiceWorld, payment: Payment) -> Job:
    with world.start_unit_of_work() as work:
        found = find_newest_payment_job(work, payment.id)
    assert found is not None
    return found


def job_now(world: ServiceWorld, job: Job) -> Job:
    with world.start_unit_of_work() as work:
        found = work.jobs.find(job.id)
    assert found is not None
    return found


def jobs_of_kinds(world: ServiceWorld, *kinds: JobKind) -> list[Job]:
    """The newest of each."""
    with world.start_unit_of_work() as work:
        newest = PageRequest(page_size=1)
        return [
            work.jobs.list_page(JobFilter(kind=kind), now=work.now(), request=newest).items[0]
            for kind in kinds
        ]


def hand_out(
    world: ServiceWorld, *, owner: UUID = WORKER, capacity: Mapping[str, int] = PAYMENTS_ONLY
) -> list[JobBatch]:
    outbox = Outbox()
    world.services.job_dispatch.dispatch(owner_id=owner, capacity=capacity, transport=outbox)
    return outbox.batches


def begin(world: ServiceWorld, batch: JobBatch, *, worker: UUID = WORKER) -> list[Job]:
    """As a worker that was sent the batch does."""
    return world.services.job_running.begin(batch, delivery_id=world.ids.new_id(), worker_id=worker)


def notification(world: ServiceWorld, user_id: UUID) -> Job:
    """The job of a mail, due now."""
    job = Job.new(
        JobKind.NOTIFICATION_SEND,
        job_id=world.ids.new_id(),
        args={
            "user_id": str(user_id),
            "template": "password_changed",
            "params": {"changed_at": world.clock.now().isoformat()},
        },
        at=world.clock.now(),
    )
    with world.start_unit_of_work() as work:
        work.jobs.add_many([job])
        work.commit()
    return job


def kinds_of_jobs(world: ServiceWorld) -> list[str]:
    with world.start_unit_of_work() as work:
        jobs = work.jobs.list_page(
            JobFilter(), now=work.now(), request=PageRequest(page=1, page_size=100)
        ).items
    return sorted(job.kind.value for job in jobs)
