"""Who meets over a job: a payer, an administrator, and what both may do with it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Unpack

from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.job_steps import a_job, brought_to
from tests.support.scenes.service_world import DraftFields, ServiceWorld

from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.jobs.job import MIN_PRIORITY, Job, JobKind, JobState
from ledgerbank_domain.jobs.job_schedule import JobSchedule
from ledgerbank_domain.payments.payment import Payment, PaymentStatus
from ledgerbank_domain.services.payments.payment_job_lookup import lock_unfinished_payment_jobs


class JobScene:
    """``payment`` is one of ``payer``'s, from ``account``, which holds 100."""

    def __init__(self, world: ServiceWorld, given: EntityBuilder) -> None:
        self.world = world
        self.given = given
        self.user, self.payer = world.user()
        self.admin = world.user("admin@example.com", role=Role.ADMIN)[1]
        self.account = world.account_of(self.user, "100")
        self.payment = self.new_payment()

    def new_payment(self, amount: str = "10", **fields: Unpack[DraftFields]) -> Payment:
        return self.world.pending(self.payer, self.account, amount, **fields)

    def schedule(
        self,
        payment: Payment | None = None,
        *,
        actor: Actor | None = None,
        priority: int = MIN_PRIORITY,
        delay: timedelta | None = None,
        run_at: datetime | None = None,
    ) -> Job:
        """The job that the payment, or the scene's, has afterwards."""
        scheduled = self.world.payment_schedules.schedule(
            actor or self.payer,
            payment_id=(payment or self.payment).id,
            schedule=JobSchedule(priority=priority, delay=delay, run_at=run_at),
        )
        return scheduled.job

    def job_in(self, state: JobState, payment: Payment | None = None) -> Job:
        """A new job of the payment, or the scene's, brought to that state."""
        return brought_to(self.given, self.schedule(payment), state)

    def job_of_kind(
        self,
        kind: JobKind,
        *,
        state: JobState = JobState.AVAILABLE,
        key: str | None = None,
        args: Mapping[str, object] | None = None,
    ) -> Job:
        return brought_to(self.given, a_job(self.given, kind, args=args, unique_key=key), state)

    def newest_job(self, payment: Payment | None = None) -> Job:
        return self.world.payment_schedules.newest_job(self.payer, payment_id=(payment or self.payment).id)

    def stored(self, job: Job) -> Job:
        return self.world.jobs.get(self.admin, job_id=job.id)

    def status(self, payment: Payment | None = None) -> PaymentStatus:
        return self.world.payments.get(self.admin, payment_id=(payment or self.payment).id).status

    def unfinished(self, payment: Payment | None = None) -> list[Job]:
        with self.world.start_unit_of_work() as work:
            return lock_unfinished_payment_jobs(work, [(payment or self.payment).id])
