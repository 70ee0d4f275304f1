"""Telling users by mail, over every storage: once per cause, with what caused it, and to whom it concerns."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, event
from tests.support.races import race
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_adapters.memory import MemoryClock, MemoryMailbox
from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Origin
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import Job, JobFilter, JobKind, JobState
from ledgerbank_domain.notifications.notification import (
    Notification,
    password_changed,
    payment_completed,
    payment_failed,
)
from ledgerbank_domain.ports.mailer import Mail, Mailer
from ledgerbank_domain.services.notifications.notification_service import (
    NotificationService,
    queue_notification,
    queue_notifications,
)
from ledgerbank_domain.users.user import UserChanges, UserStatus

NEW_PASSWORD = "another correct horse"
JOB = UUID(int=77)


def jobs_of(world: ServiceWorld) -> tuple[Job, ...]:
    with world.start_unit_of_work() as work:
        return work.jobs.list_page(
            JobFilter(kind=JobKind.NOTIFICATION_SEND), now=work.now(), request=PageRequest(page_size=100)
        ).items


def change_password(
    world: ServiceWorld, actor: Actor, current: str = PASSWORD, new: str = NEW_PASSWORD
) -> None:
    world.services.passwords.change_password(
        actor, current_password=current, new_password=new, password_confirmation=new
    )


def queue(world: ServiceWorld, *notifications: Notification) -> None:
    with world.start_unit_of_work() as work:
        queue_notifications(
            work, [(each, "a-request") for each in notifications], ids=world.ids, at=world.clock.now()
        )
        work.commit()


class Outbox(MemoryMailbox):
    """Looks whether the storage can be used while a mail is sent."""

    def __init__(self, world: ServiceWorld) -> None:
        super().__init__(world.clock)
        self.world = world

    def send(self, mail: Mail) -> None:
        with self.world.start_unit_of_work():
            super().send(mail)


@pytest.fixture
def outbox(world: ServiceWorld) -> Outbox:
    return Outbox(world)


def service_with(world: ServiceWorld, mailer: Mailer) -> NotificationService:
    return NotificationService(
        start_unit_of_work=world.start_unit_of_work,
        mailer=mailer,
        secret_box=world.services.ports.secret_box,
        links=world.services.ports.mail_links,
    )


@pytest.fixture
def notifications(world: ServiceWorld, outbox: Outbox) -> NotificationService:
    return service_with(world, outbox)


def test_a_changed_password_is_told_by_a_job_of_the_same_transaction(world: ServiceWorld) -> None:
    user, actor = world.user()

    change_password(world, replace(actor, origin=Origin(correlation_id="a-request")))

    (job,) = jobs_of(world)
    assert (job.state, job.queue, job.correlation_id) == (JobState.AVAILABLE, "notifications", "a-request")
    assert job.args == {
        "user_id": str(user.id),
        "template": "password_changed",
        "params": {"changed_at": world.clock.now().isoformat()},
    }
    assert PASSWORD not in str(job)
    assert NEW_PASSWORD not in str(job)


def test_every_change_of_a_password_is_told_also_at_the_same_moment(world: ServiceWorld) -> None:
    _, actor = world.user()

    change_password(world, actor)
    change_password(world, actor, current=NEW_PASSWORD, new=PASSWORD)

    assert len(jobs_of(world)) == 2


def test_a_refused_change_of_a_password_is_not_told(world: ServiceWorld) -> None:
    _, actor = world.user()

    with pytest.raises(DomainError):
        change_password(world, actor, current="wrong password")

    assert jobs_of(world) == ()


def test_a_cause_is_told_once_however_often_it_is_queued(world: ServiceWorld) -> None:
    user, actor = world.user()
    payment = world.pending(actor, world.account_of(user, "100"))
    completed = payment_completed(payment, at=world.clock.now())

    queue(world, completed)
    queue(world, completed)
    outcomes = race([lambda: queue(world, completed)] * 4)

    assert outcomes == [None] * 4
    assert len(jobs_of(world)) == 1


def test_many_payments_of_one_batch_are_told_each(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user, "1000")
    payments = [world.pending(actor, account) for _ in range(30)]

    queue(world, *[payment_completed(payment, at=world.clock.now()) for payment in payments])

    assert {job.args["params"]["payment_id"] for job in jobs_of(world)} == {str(each.id) for each in payments}


def test_what_is_undone_is_not_told(world: ServiceWorld) -> None:
    user, _ = world.user()

    with world.start_unit_of_work() as work:
        told = password_changed(user_id=user.id, at=world.clock.now(), cause="1")
        queue_notification(work, told, ids=world.ids, at=world.clock.now())

    assert jobs_of(world) == ()


def test_a_mail_goes_to_the_users_present_address_with_his_name_and_both_forms(
    world: ServiceWorld, notifications: NotificationService, outbox: Outbox
) -> None:
    user, actor = world.user()
    payment = world.pending(actor, world.account_of(user, "100"), "12.50", "Rent & <more>")
    failed = payment_failed(
        payment, reason=Reason.INSUFFICIENT_FUNDS, at=world.clock.now(), cause="first attempt"
    )
    world.users.update_profile(actor, UserChanges(email="new@example.com", full_name="Alice  Example"))

    notifications.send(failed.as_args(), job_id=JOB)

    (entry,) = outbox.list_newest(limit=10)
    assert (entry.mail.to_address, entry.mail.to_name) == ("new@example.com", "Alice Example")
    assert entry.mail.message_id == str(JOB)
    assert "Dear Alice Example," in entry.mail.text
    for form, description in (
        (entry.mail.text, "Rent & <more>"),
        (entry.mail.html, "Rent &amp; &lt;more&gt;"),
    ):
        assert description in form
        assert "12.50 GBP" in form
        assert "Insufficient funds for this transaction" in form


def test_a_job_that_runs_twice_sends_one_message_id(
    world: ServiceWorld, notifications: NotificationService, outbox: Outbox
) -> None:
    user, _ = world.user()
    told = password_changed(user_id=user.id, at=world.clock.now(), cause="1").as_args()

    notifications.send(told, job_id=JOB)
    notifications.send(told, job_id=JOB)

    assert [entry.mail.message_id for entry in outbox.list_newest(limit=10)] == [str(JOB)]


@pytest.mark.parametrize(
    ("status", "mails"), [(UserStatus.ACTIVE, 1), (UserStatus.SUSPENDED, 1), (UserStatus.DELETED, 0)]
)
def test_suspended_users_are_told_and_deleted_ones_are_not(
    world: ServiceWorld, notifications: NotificationService, outbox: Outbox, status: UserStatus, mails: int
) -> None:
    user, _ = world.user()
    world.set_user_status(user, status)

    notifications.send(
        password_changed(user_id=user.id, at=world.clock.now(), cause="1").as_args(), job_id=JOB
    )

    assert len(outbox.list_newest(limit=10)) == mails


def test_what_the_mail_server_refuses_is_the_jobs_failure(world: ServiceWorld) -> None:
    class Unavailable(Mailer):
        def send(self, mail: Mail) -> None:
            raise DomainError(Reason.SERVICE_UNAVAILABLE)

    user, _ = world.user()
    service = service_with(world, Unavailable())

    with pytest.raises(DomainError) as caught:
        service.send(password_changed(user_id=user.id, at=world.clock.now(), cause="1").as_args(), job_id=JOB)

    assert caught.value.reason is Reason.SERVICE_UNAVAILABLE


def test_the_sandbox_mails_when_its_jobs_run(world: ServiceWorld) -> None:
    _, actor = world.user("alice@example.com")
    change_password(world, actor)
    world.clock.advance(timedelta(seconds=1))

    world.services.due_jobs.run_due_jobs()

    (entry,) = world.mailbox.list_newest(limit=10)
    assert entry.mail.to_address == "alice@example.com"
    assert entry.mail.subject == "Your password was changed"
    assert [job.state for job in jobs_of(world)] == [JobState.COMPLETED]


def test_any_number_of_notifications_is_queued_by_one_statement(postgres_engine: Engine) -> None:
    clock = MemoryClock()
    world = ServiceWorld(
        start_unit_of_work=PostgresStartUnitOfWork(postgres_engine, clock=clock),
        clock=clock,
        ids=Uuid7IdGenerator(),
    )
    user, _ = world.user()
    told = [
        password_changed(user_id=user.id, at=world.clock.now(), cause=str(number)) for number in range(300)
    ]
    statements: list[str] = []

    def count(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(postgres_engine, "before_cursor_execute", count)
    try:
        queue(world, *told)
    finally:
        event.remove(postgres_engine, "before_cursor_execute", count)

    assert len(statements) == 1
    with world.start_unit_of_work() as work:
        found = work.jobs.list_page(JobFilter(), now=work.now(), request=PageRequest())
    assert found.total_count == 300
