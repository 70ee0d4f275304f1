"""Mails through a real mail server: what arrives, and what each of its moods is called."""

import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.servers.mail_servers import (
    HOST,
    PASSWORD,
    USERNAME,
    Mood,
    running_mail_server,
    throw_away_certificate,
)

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.smtp import SmtpMailer, SmtpServer
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.notifications.mail_letter import one_line
from ledgerbank_domain.ports.mailer import Mail
from ledgerbank_domain.users.user import MAX_NAME_LENGTH

SENDER = "noreply@bank.example"
MAIL = Mail(
    message_id="01890000-0000-7000-8000-000000000001",
    to_address="alice@example.com",
    to_name="Alice Example",
    subject="Your password was changed",
    text="Dear Alice,\n\n.a line with a dot in front\nGrüße\n",
    html="<p>Dear Alice, <b>Grüße</b></p>\n",
)


lets_passwords_go_in_clear = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture
def server() -> Iterator[tuple[int, Mood]]:
    with running_mail_server() as running:
        yield running


@pytest.fixture
def mood(server: tuple[int, Mood]) -> Mood:
    return server[1]


def mailer_to(
    port: int,
    *,
    tls: ssl.SSLContext | None = None,
    implicit_tls: bool = False,
    password: str | None = None,
    timeout_seconds: float = 5,
) -> SmtpMailer:
    return SmtpMailer(
        SmtpServer(
            host=HOST,
            port=port,
            implicit_tls=implicit_tls,
            username=USERNAME if password else None,
            password=password,
        ),
        sender=SENDER,
        clock=MemoryClock(),
        timeout_seconds=timeout_seconds,
        tls=tls,
    )


@pytest.fixture
def mailer(server: tuple[int, Mood]) -> SmtpMailer:
    return mailer_to(server[0])


def mail(**fields: str) -> Mail:
    return Mail(**{name: getattr(MAIL, name) for name in Mail.__slots__} | fields)


def refused(mailer: SmtpMailer, sent: Mail = MAIL) -> str:
    with pytest.raises(DomainError) as caught:
        mailer.send(sent)
    return caught.value.reason.code


def test_a_mail_arrives_whole_in_both_forms(mailer: SmtpMailer, mood: Mood) -> None:
    mailer.send(MAIL)

    (delivery,) = mood.deliveries
    message = delivery.message
    assert (delivery.sender, delivery.recipients) == (SENDER, [MAIL.to_address])
    assert message["From"] == "LedgerBank <noreply@bank.example>"
    assert message["To"] == "Alice Example <alice@example.com>"
    assert message["Subject"] == MAIL.subject
    assert message["Message-ID"] == f"<{MAIL.message_id}@bank.example>"
    assert message["Date"].datetime == MemoryClock().now()
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    arrived = [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]
    assert arrived == [MAIL.text, MAIL.html]


def test_a_repeated_mail_has_the_same_message_id(mailer: SmtpMailer, mood: Mood) -> None:
    mailer.send(MAIL)
    mailer.send(MAIL)

    assert len({delivery.message["Message-ID"] for delivery in mood.deliveries}) == 1


@pytest.mark.parametrize("name", ["Zoë Müller", '"Alice", <bob@example.com>', "李" * 200, "A" * 255, ""])
def test_any_name_stays_a_name(mailer: SmtpMailer, mood: Mood, name: str) -> None:
    mailer.send(mail(to_name=name))

    (delivery,) = mood.deliveries
    assert delivery.recipients == [MAIL.to_address]
    (recipient,) = delivery.message["To"].addresses
    assert recipient.addr_spec == MAIL.to_address
    assert recipient.display_name.replace(" ", "") == name.replace(" ", "")
    assert {"Bcc", "Cc"} & set(delivery.message.keys()) == set()


def test_whatever_a_user_calls_himself_his_mail_arrives_and_is_his_alone() -> None:
    with running_mail_server() as (port, mood):
        mailer = mailer_to(port)

        @given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=MAX_NAME_LENGTH))
        @settings(max_examples=150, deadline=None)
        def arrives(name: str) -> None:
            mood.deliveries.clear()
            mailer.send(mail(to_name=one_line(name)))
            (delivery,) = mood.deliveries
            assert delivery.recipients == [MAIL.to_address]
            assert sorted(set(delivery.message.keys())) == sorted(delivery.message.keys())
            (recipient,) = delivery.message["To"].addresses
            assert recipient.addr_spec == MAIL.to_address
            assert [part.get_content_type() for part in delivery.message.iter_parts()] == [
                "text/plain",
                "text/html",
            ]

        arrives()


@pytest.mark.parametrize("field", ["to_name", "to_address", "subject", "message_id"])
@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r"])
def test_a_line_break_never_begins_another_header(
    mailer: SmtpMailer, mood: Mood, field: str, line_break: str
) -> None:
    with pytest.raises((DomainError, ValueError)):
        mailer.send(mail(**{field: getattr(MAIL, field) + line_break + "Bcc: eve@example.com"}))

    assert mood.deliveries == []


@pytest.mark.parametrize(
    "address",
    [
        "alice",
        "a,b@example.com",
        "alice(comment)@example.com",
        "<alice@example.com>",
        "alice@example.com>, eve@example.com",
        "älice@example.com",
        "a..b@example.com",
        "alice@.",
    ],
)
def test_an_address_that_no_server_would_take_is_refused_before_it_is_asked(
    mailer: SmtpMailer, mood: Mood, address: str
) -> None:
    assert refused(mailer, mail(to_address=address)) == "invalid_email_format"
    assert mood.deliveries == []


def test_a_domain_outside_ascii_is_written_as_mail_servers_know_it(mailer: SmtpMailer, mood: Mood) -> None:
    mailer.send(mail(to_address="alice@bücher.example"))

    assert mood.deliveries[0].recipients == ["alice@xn--bcher-kva.example"]


@pytest.mark.parametrize(
    ("command", "answer", "reason"),
    [
        ("on_rcpt", "550 5.1.1 no such user", "invalid_email_format"),
        ("on_rcpt", "553 5.1.3 bad address", "invalid_email_format"),
        ("on_rcpt", "450 4.2.1 mailbox busy", "service_unavailable"),
        ("on_rcpt", "421 4.3.2 shutting down", "service_unavailable"),
        ("on_mail", "451 4.3.0 try later", "service_unavailable"),
        ("on_mail", "550 5.7.1 not from you", "service_unavailable"),
        ("on_data", "452 4.3.1 disk full", "service_unavailable"),
        ("on_data", "554 5.7.1 looks like spam", "service_unavailable"),
    ],
)
def test_only_a_recipient_that_is_refused_for_good_is_the_addresss_fault(
    mailer: SmtpMailer, mood: Mood, command: str, answer: str, reason: str
) -> None:
    setattr(mood, command, answer)

    assert refused(mailer) == reason
    assert mood.deliveries == []


def test_a_server_that_takes_too_long_is_a_timeout(server: tuple[int, Mood]) -> None:
    port, mood = server
    mood.delay = 1

    assert refused(mailer_to(port, timeout_seconds=0.2)) == "timeout"


def test_a_server_that_says_nothing_at_all_is_a_timeout() -> None:
    with socket.create_server((HOST, 0)) as silent:
        assert refused(mailer_to(silent.getsockname()[1], timeout_seconds=0.2)) == "timeout"


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind((HOST, 0))

        assert refused(mailer_to(unused.getsockname()[1])) == "service_unavailable"


def test_a_server_that_hangs_up_or_talks_nonsense_is_unavailable() -> None:
    for greeting in (b"", b"220", b"HTTP/1.1 400 Bad Request\r\n\r\n"):
        with socket.create_server((HOST, 0)) as strange:
            greeted = threading.Thread(target=_greet_and_leave, args=(strange, greeting))
            greeted.start()
            assert refused(mailer_to(strange.getsockname()[1])) == "service_unavailable"
            greeted.join()


def _greet_and_leave(strange: socket.socket, greeting: bytes) -> None:
    connection, _ = strange.accept()
    with connection:
        connection.sendall(greeting)


def test_a_farewell_that_fails_does_not_unsend_the_mail(mailer: SmtpMailer, mood: Mood) -> None:
    mood.on_quit = "500 what"

    mailer.send(MAIL)

    assert len(mood.deliveries) == 1


def test_starttls_is_used_when_it_is_offered(tmp_path: Path) -> None:
    shown, trusting = throw_away_certificate(tmp_path)
    with running_mail_server(starttls=shown) as (port, mood):
        mailer_to(port, tls=trusting).send(MAIL)

    assert [delivery.was_encrypted for delivery in mood.deliveries] == [True]


@lets_passwords_go_in_clear
def test_a_password_goes_over_starttls_or_implicit_tls(tmp_path: Path) -> None:
    shown, trusting = throw_away_certificate(tmp_path)
    with running_mail_server(starttls=shown, login=True) as (port, mood):
        mailer_to(port, tls=trusting, password=PASSWORD).send(MAIL)
    assert [(each.was_encrypted, each.was_logged_in) for each in mood.deliveries] == [(True, True)]

    with running_mail_server(implicit_tls=shown, login=True) as (port, mood):
        mailer_to(port, tls=trusting, password=PASSWORD, implicit_tls=True).send(MAIL)
    assert [each.was_logged_in for each in mood.deliveries] == [True]


@lets_passwords_go_in_clear
def test_a_server_without_tls_is_told_no_password() -> None:
    with running_mail_server(login=True) as (port, mood):
        assert refused(mailer_to(port, password=PASSWORD)) == "service_unavailable"

    assert mood.deliveries == []


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    shown, _ = throw_away_certificate(tmp_path)
    with running_mail_server(starttls=shown) as (port, mood):
        assert refused(mailer_to(port)) == "service_unavailable"
    assert mood.deliveries == []


def test_a_wrong_password_is_a_failure_that_tells_it_to_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shown, trusting = throw_away_certificate(tmp_path)
    caplog.set_level(logging.DEBUG, "ledgerbank_adapters")
    with running_mail_server(starttls=shown, login=True) as (port, mood):
        assert refused(mailer_to(port, tls=trusting, password="wrong password")) == "service_unavailable"

    assert mood.deliveries == []
    assert "wrong password" not in caplog.text


def test_each_mail_leaves_one_line_in_the_log_without_body_and_address(
    mailer: SmtpMailer, mood: Mood, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ledgerbank_adapters.smtp")

    mailer.send(MAIL)
    mood.on_rcpt = "550 no"
    refused(mailer)

    assert [record.getMessage() for record in caplog.records] == [
        f"mail {MAIL.message_id} is sent: {MAIL.subject}",
        f"mail {MAIL.message_id} is not sent: invalid_email_format",
    ]


def test_a_sender_that_is_no_address_is_refused_at_the_start() -> None:
    with pytest.raises(DomainError):
        SmtpMailer(SmtpServer(host=HOST, port=25), sender="nobody", clock=MemoryClock())
