"""A mailbox in this process, standard library only."""

import threading

from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.mailbox import Mailbox, MailboxEntry
from ledgerbank_domain.ports.mailer import Mail
from ledgerbank_domain.users.user import email_identity


class MemoryMailbox(Mailbox):
    """Keeps mails as long as it lives."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # In the order in which they came in.
        self._entries: dict[str, MailboxEntry] = {}

    def send(self, mail: Mail) -> None:
        entry = MailboxEntry(mail=mail, received_at=self._clock.now())
        with self._lock:
            self._entries.setdefault(mail.message_id, entry)

    def forget(self, address: str) -> None:
        gone = email_identity(address)
        with self._lock:
            self._entries = {
                message_id: entry
                for message_id, entry in self._entries.items()
                if email_identity(entry.mail.to_address) != gone
            }

    def list_newest(self, *, limit: int) -> list[MailboxEntry]:
        with self._lock:
            entries = list(self._entries.values())
        return entries[::-1][:limit]
