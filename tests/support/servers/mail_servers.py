"""A mail server for tests, on a port of its own: aiosmtpd, with the moods that real ones have."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as SmtpProtocol  # noqa: N811 - a class
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"
USERNAME, PASSWORD = "bank", "mail password"


@dataclass
class Delivery:
    """What arrived in one transaction, and how."""

    sender: str
    recipients: list[str]
    content: bytes
    was_encrypted: bool
    was_logged_in: bool

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=modern)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass
class Mood:
    """What the server answers; None: what it should. ``delay`` is in seconds, before each RCPT."""

    on_mail: str | None = None
    on_rcpt: str | None = None
    on_data: str | None = None
    on_quit: str | None = None
    delay: float = 0
    deliveries: list[Delivery] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SmtpProtocol, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.on_mail or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SmtpProtocol, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(self.delay)
        if self.on_rcpt is None:
            envelope.rcpt_tos.append(address)
        return self.on_rcpt or "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SmtpProtocol, session: Session, envelope: Envelope
    ) -> str:
        if self.on_data is None:
            assert isinstance(envelope.content, bytes)
            self.deliveries.append(
                Delivery(
                    sender=str(envelope.mail_from),
                    recipients=[str(each) for each in envelope.rcpt_tos],
                    content=envelope.content,
                    was_encrypted=session.ssl is not None,
                    was_logged_in=bool(session.authenticated),
                )
            )
        return self.on_data or "250 OK"

    async def handle_QUIT(  # noqa: N802
        self, server: SmtpProtocol, session: Session, envelope: Envelope
    ) -> str:
        return self.on_quit or "221 Bye"


def authenticate(
    server: SmtpProtocol, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    right = data == LoginPassword(USERNAME.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


class _PortOfItsOwn(Controller):
    """aiosmtpd looks whether it answers at the port it was told; 0 stands for any free one."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # its authors left it so


@contextmanager
def running_mail_server(
    *, starttls: ssl.SSLContext | None = None, implicit_tls: ssl.SSLContext | None = None, login: bool = False
) -> Iterator[tuple[int, Mood]]:
    """Its port, and how it feels. With ``login`` it takes mail only from whoever logs in."""
    mood = Mood()
    options: dict[str, Any] = {"tls_context": starttls, "enable_SMTPUTF8": True}
    if login:
        options |= {
            "authenticator": authenticate,
            "auth_required": True,
            # Without STARTTLS it would take a password in clear: then it is for the client not to send it.
            "auth_require_tls": starttls is not None,
        }
    controller = _PortOfItsOwn(mood, hostname=HOST, port=0, ssl_context=implicit_tls, **options)
    controller.start()
    try:
        yield controller.port, mood
    finally:
        controller.stop()


def throw_away_certificate(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server at ``HOST`` shows, and what a client trusts that knows its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail server of a test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoded = certificate.public_bytes(serialization.Encoding.PEM)
    file = directory / "mail.pem"
    file.write_bytes(
        encoded
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(file)
    return shown, ssl.create_default_context(cadata=encoded.decode())
