"""A mailbox to look into: what development and tests have in place of a mail server."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ledgerbank_domain.ports.mailer import Mail, Mailer


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxEntry:
    """A mail that was kept, and when it came in for the first time."""

    mail: Mail
    received_at: datetime


class Mailbox(Mailer, Protocol):
    """Keeps every mail, whomever it is for, and delivers none.

    A message id is kept once: sent again, the mail changes nothing. All methods raise ``database_error``
    when storage is out of reach; nothing else is ever refused.
    """

    @abstractmethod
    def forget(self, address: str) -> None:
        """Removes all mails that went to an address of the same identity."""

    @abstractmethod
    def list_newest(self, *, limit: int) -> list[MailboxEntry]:
        """The mails that came in last, the very last one first."""
