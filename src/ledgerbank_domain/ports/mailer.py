"""Mails to users."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail in two forms of the same content.

    ``message_id`` is the same for every attempt to send it, and no other mail's: letters, digits and
    hyphens; a mailer makes of it what its protocol wants.
    """

    message_id: str
    to_address: str
    to_name: str
    subject: str
    text: str
    html: str


class Mailer(Protocol):
    """What hands mails over for delivery.

    Never called while a unit of work is open. Safe to share between threads.
    """

    @abstractmethod
    def send(self, mail: Mail) -> None:
        """Hands the mail over for delivery; called again it may be delivered twice, with one message id.

        Raises ``timeout`` or ``service_unavailable`` when the mail server cannot take it now, and
        ``invalid_email_format`` when it refuses this address for good.
        """

    def forget(self, address: str) -> None:  # noqa: ARG002 - most keep nothing
        """Removes what is kept here of mails to this address. What only hands mails over keeps none."""
        return
