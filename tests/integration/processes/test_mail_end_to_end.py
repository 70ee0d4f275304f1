"""From a changed password to a mail: the whole product, PostgreSQL, and a real mail server or none."""

from collections.abc import Callable, Iterator

import pytest
from tests.support.servers.mail_servers import HOST, PASSWORD, USERNAME, running_mail_server

from ledgerbank_app.composition import Application, compose_application
from ledgerbank_app.settings.settings_loading import load_settings
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import ANONYMOUS, Actor
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import Job, JobFilter, JobKind
from ledgerbank_domain.services.jobs.job_work import PlainWork
from ledgerbank_domain.services.users.registration_service import NewUser

OLD, NEW = "correct horse battery", "another correct horse"
CHEAP = {"ARGON2_TIME_COST": "1", "ARGON2_MEMORY_KIB": "8", "ARGON2_PARALLELISM": "1"}


@pytest.fixture
def compose(database_url: str) -> Iterator[Callable[..., Application]]:
    composed: list[Application] = []

    def compose_one(**environment: str) -> Application:
        needed = {"DATABASE_URL": database_url, "JWT_SECRET": "s" * 64, **CHEAP}
        composed.append(
            compose_application(load_settings({**needed, **environment}), database_url=database_url)
        )
        return composed[-1]

    yield compose_one
    for application in composed:
        application.close()


def changed_password(application: Application) -> Job:
    """Alice changes her password; the job that is to tell her."""
    services = application.services
    alice = services.registration.register(
        ANONYMOUS,
        NewUser(email="alice@example.com", full_name="Alice", password=OLD, password_confirmation=OLD),
    )
    services.passwords.change_password(
        Actor(user_id=alice.id), current_password=OLD, new_password=NEW, password_confirmation=NEW
    )
    with application.database.start_unit_of_work() as work:
        (job,) = work.jobs.list_page(
            JobFilter(kind=JobKind.NOTIFICATION_SEND), now=work.now(), request=PageRequest()
        ).items
    return job


def run(application: Application, job: Job) -> None:
    mailing = application.services.job_running.works[job.kind]
    assert isinstance(mailing, PlainWork)
    mailing.handler(job, job.run_at + job.kind.time_limit)


def test_with_a_mail_server_the_mail_goes_there(compose: Callable[..., Application]) -> None:
    with running_mail_server() as (port, mood):
        application = compose(SMTP_URL=f"smtp://{HOST}:{port}", MAIL_FROM="bank@ledger.example")
        job = changed_password(application)
        run(application, job)

    (delivery,) = mood.deliveries
    assert (delivery.sender, delivery.recipients) == ("bank@ledger.example", ["alice@example.com"])
    assert delivery.message["Message-ID"] == f"<{job.id}@ledger.example>"
    assert delivery.message["Subject"] == "Your password was changed"
    assert application.mailbox.list_newest(limit=10) == []


def test_without_one_the_mail_is_kept_in_the_development_mailbox(
    compose: Callable[..., Application],
) -> None:
    application = compose()
    job = changed_password(application)

    run(application, job)
    run(application, job)

    (entry,) = application.mailbox.list_newest(limit=10)
    assert (entry.mail.message_id, entry.mail.to_address) == (str(job.id), "alice@example.com")


def test_a_mail_server_that_gets_no_password_without_tls_leaves_the_mail_to_a_later_attempt(
    compose: Callable[..., Application],
) -> None:
    with running_mail_server() as (port, mood):
        application = compose(SMTP_URL=f"smtp://{USERNAME}:{PASSWORD.replace(' ', '%20')}@{HOST}:{port}")
        job = changed_password(application)
        with pytest.raises(DomainError) as caught:
            run(application, job)

    assert caught.value.reason.code == "service_unavailable"
    assert caught.value.category.retry_policy.max_retries == 3
    assert mood.deliveries == []
