"""Mail by SMTP (RFC 5321), one connection for each."""

import logging
import smtplib
import ssl
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

from ledgerbank_adapters.smtp.smtp_server import SmtpServer
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.mailer import Mail, Mailer

# For connecting, and for each answer.
TIMEOUT_SECONDS = 10.0
SENDER_NAME = "LedgerBank"
PERMANENT_FAILURE = 500

logger = logging.getLogger(__name__)


class SmtpMailer(Mailer):
    """Hands mails to one server, from ``sender``.

    TLS by STARTTLS whenever the server offers it, and never a password without TLS. The server's certificate
    must be one that ``tls`` trusts: the machine's authorities by default. A recipient outside ASCII may have
    such a domain (it is sent in its IDNA form), but no such local part.

    https://docs.python.org/3/library/smtplib.html
    """

    def __init__(
        self,
        server: SmtpServer,
        *,
        sender: str,
        clock: Clock,
        timeout_seconds: float = TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Connects to nothing yet. Raises ``invalid_email_format`` when ``sender`` is no address."""
        self._server = server
        self._sender = _address(SENDER_NAME, sender)
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._tls = tls or ssl.create_default_context()

    def send(self, mail: Mail) -> None:
        """As the port says. Any refusal that is not about the recipient may pass: ``service_unavailable``."""
        recipient = _address(mail.to_name, mail.to_address)
        message = self._message(mail, recipient)
        try:
            self._deliver(message, recipient.addr_spec)
        except (OSError, smtplib.SMTPException) as error:
            failure = _meaning(error)
            logger.warning("mail %s is not sent: %s", mail.message_id, failure.reason.code)
            raise failure from error
        logger.info("mail %s is sent: %s", mail.message_id, mail.subject)

    def _message(self, mail: Mail, recipient: Address) -> EmailMessage:
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = self._sender
        message["To"] = recipient
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{mail.message_id}@{self._sender.domain}>"
        # Nobody's holiday notice need answer: https://www.rfc-editor.org/rfc/rfc3834#section-5
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message

    def _deliver(self, message: EmailMessage, recipient: str) -> None:
        connection = self._connected()
        try:
            self._secure(connection)
            connection.send_message(message, from_addr=self._sender.addr_spec, to_addrs=[recipient])
        except BaseException:
            connection.close()
            raise
        _leave(connection)

    def _connected(self) -> smtplib.SMTP:
        server, timeout = self._server, self._timeout_seconds
        if server.implicit_tls:
            return smtplib.SMTP_SSL(server.host, server.port, timeout=timeout, context=self._tls)
        return smtplib.SMTP(server.host, server.port, timeout=timeout)

    def _secure(self, connection: smtplib.SMTP) -> None:
        connection.ehlo_or_helo_if_needed()
        is_secure = self._server.implicit_tls
        if not is_secure and connection.has_extn("starttls"):
            connection.starttls(context=self._tls)
            is_secure = True
        if self._server.username is None or self._server.password is None:
            return
        if not is_secure:
            raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS, so it gets no password")
        connection.login(self._server.username, self._server.password)


def _address(name: str, address: str) -> Address:
    """Raises ``invalid_email_format``."""
    local, _, domain = address.rpartition("@")
    try:
        ascii_address = f"{local}@{domain.encode('idna').decode('ascii')}"
        parsed = Address(display_name=name, addr_spec=ascii_address)
    except (ValueError, MessageError) as error:
        raise DomainError(Reason.INVALID_EMAIL_FORMAT) from error
    # The parser forgives comments and the like; what it makes of them may be somebody else's address.
    if parsed.addr_spec != ascii_address:
        raise DomainError(Reason.INVALID_EMAIL_FORMAT)
    return parsed


def _leave(connection: smtplib.SMTP) -> None:
    """The mail has been accepted: a farewell that fails must not have it sent again."""
    try:
        connection.quit()
    except (OSError, smtplib.SMTPException):
        connection.close()


def _meaning(error: Exception) -> DomainError:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        if min(codes) >= PERMANENT_FAILURE:
            return DomainError(Reason.INVALID_EMAIL_FORMAT)
    return DomainError(Reason.TIMEOUT if _is_timeout(error) else Reason.SERVICE_UNAVAILABLE)


def _is_timeout(error: BaseException | None) -> bool:
    """smtplib calls a server that does not answer in time "disconnected", and keeps the cause as context."""
    while error is not None:
        if isinstance(error, TimeoutError):
            return True
        error = error.__cause__ or error.__context__
    return False
