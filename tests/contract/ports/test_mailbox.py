"""What every mailbox promises."""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from tests.support.races import race

from ledgerbank_adapters.memory import MemoryClock, MemoryMailbox
from ledgerbank_adapters.postgres import PostgresMailbox, create_postgres_engine
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ports.mailbox import Mailbox
from ledgerbank_domain.ports.mailer import Mail


@pytest.fixture(params=["memory", "postgres"])
def mailbox(request: pytest.FixtureRequest, clock: MemoryClock) -> Mailbox:
    if request.param == "memory":
        return MemoryMailbox(clock)
    engine: Engine = request.getfixturevalue("postgres_engine")
    return PostgresMailbox(engine, clock)


def mail(number: int = 1, **fields: str) -> Mail:
    told = {
        "message_id": f"job-{number}",
        "to_address": "alice@example.com",
        "to_name": "Zoë <Alice> 李",
        "subject": f"Mail {number}",
        "text": "Dear Alice,\n\ntext \\ {} % 'quoted'\n",
        "html": '<p class="x">Dear &lt;Alice&gt;</p>\n',
    }
    return Mail(**{**told, **fields})


def ids_in(mailbox: Mailbox, limit: int = 100) -> list[str]:
    return [entry.mail.message_id for entry in mailbox.list_newest(limit=limit)]


def test_a_new_mailbox_is_empty(mailbox: Mailbox) -> None:
    assert mailbox.list_newest(limit=10) == []


def test_a_mail_is_kept_as_it_was_sent_with_the_time_it_came(mailbox: Mailbox, clock: MemoryClock) -> None:
    mailbox.send(mail())

    (entry,) = mailbox.list_newest(limit=10)
    assert entry.mail == mail()
    assert entry.received_at == clock.now()


def test_the_last_mail_comes_first_also_when_the_clock_stands_still(mailbox: Mailbox) -> None:
    for number in (3, 1, 2):
        mailbox.send(mail(number))

    assert ids_in(mailbox) == ["job-2", "job-1", "job-3"]


def test_no_more_are_listed_than_asked_for(mailbox: Mailbox) -> None:
    for number in range(5):
        mailbox.send(mail(number))

    assert ids_in(mailbox, limit=2) == ["job-4", "job-3"]


def test_a_message_id_is_kept_once_and_as_it_came_first(mailbox: Mailbox, clock: MemoryClock) -> None:
    mailbox.send(mail(1))
    mailbox.send(mail(2))
    clock.advance(timedelta(seconds=1))
    first = mailbox.list_newest(limit=10)

    mailbox.send(mail(1, subject="Another subject"))

    assert mailbox.list_newest(limit=10) == first


def test_an_address_is_forgotten_with_all_mails_to_it_however_it_was_written(mailbox: Mailbox) -> None:
    mailbox.send(mail(1, to_address="Alice@Example.com"))
    mailbox.send(mail(2, to_address="bob@example.com"))
    mailbox.send(mail(3, to_address="alice@example.com"))

    mailbox.forget("alice@EXAMPLE.com")
    mailbox.forget("nobody@example.com")

    assert ids_in(mailbox) == ["job-2"]


def test_of_simultaneous_sendings_of_one_mail_one_is_kept(mailbox: Mailbox) -> None:
    outcomes = race([lambda: mailbox.send(mail())] * 8)

    assert outcomes == [None] * 8
    assert ids_in(mailbox) == ["job-1"]


def test_what_storage_cannot_take_is_a_database_error() -> None:
    engine = create_postgres_engine("postgresql://nobody@127.0.0.1:1/nowhere")
    unreachable = PostgresMailbox(engine, MemoryClock())

    for use in (
        lambda: unreachable.send(mail()),
        lambda: unreachable.list_newest(limit=1),
        lambda: unreachable.forget("a@b.c"),
    ):
        with pytest.raises(DomainError) as caught:
            use()
        assert caught.value.reason.code == "database_error"
    engine.dispose()


def test_each_mail_in_the_development_mailbox_leaves_one_line_in_the_log_without_its_body(
    postgres_engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ledgerbank_adapters.postgres")
    mailbox = PostgresMailbox(postgres_engine, MemoryClock())

    mailbox.send(mail())
    mailbox.send(mail())

    assert [record.getMessage() for record in caplog.records] == [
        "mail job-1 is in the development mailbox: Mail 1"
    ]
