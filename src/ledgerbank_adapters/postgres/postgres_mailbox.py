"""The development mailbox in PostgreSQL, which every process of the product looks into."""

import logging
from typing import Any

from sqlalchemy import ARRAY, Engine, Row, Text, any_, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from ledgerbank_adapters.postgres.schema.record_tables import development_mails
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.mailbox import Mailbox, MailboxEntry
from ledgerbank_domain.ports.mailer import Mail
from ledgerbank_domain.users.user import email_identity

COLUMNS = development_mails.c
INSERT_ONCE = (
    insert(development_mails)
    .on_conflict_do_nothing(index_elements=[COLUMNS.message_id])
    .returning(COLUMNS.message_id)
)
NEWEST = select(development_mails).order_by(COLUMNS.number.desc())
ADDRESSES = select(COLUMNS.message_id, COLUMNS.to_address)
REMOVE = delete(development_mails).where(
    COLUMNS.message_id == any_(bindparam("message_ids", type_=ARRAY(Text())))
)

logger = logging.getLogger(__name__)


class PostgresMailbox(Mailbox):
    """Each mail and each look is a transaction of its own."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def send(self, mail: Mail) -> None:
        session = self._session()
        try:
            is_new = session.run(INSERT_ONCE, _row(mail, self._clock)).one_or_none() is not None
            session.commit()
        finally:
            session.close()
        if is_new:
            logger.info("mail %s is in the development mailbox: %s", mail.message_id, mail.subject)

    def forget(self, address: str) -> None:
        session = self._session()
        try:
            # Addresses are folded by the program, and a mailbox of development is small.
            gone = email_identity(address)
            mails = session.run(ADDRESSES)
            ids = [mail.message_id for mail in mails if email_identity(mail.to_address) == gone]
            session.run(REMOVE, {"message_ids": ids})
            session.commit()
        finally:
            session.close()

    def list_newest(self, *, limit: int) -> list[MailboxEntry]:
        session = self._session()
        try:
            return [_entry(row) for row in session.run(NEWEST.limit(limit))]
        finally:
            session.close()

    def _session(self) -> PostgresSession:
        session = PostgresSession(self._engine)
        session.open()
        return session


def _row(mail: Mail, clock: Clock) -> dict[str, Any]:
    return {
        "message_id": mail.message_id,
        "to_address": mail.to_address,
        "to_name": mail.to_name,
        "subject": mail.subject,
        "text_body": mail.text,
        "html_body": mail.html,
        "received_at": clock.now(),
    }


def _entry(row: Row[Any]) -> MailboxEntry:
    return MailboxEntry(
        mail=Mail(
            message_id=row.message_id,
            to_address=row.to_address,
            to_name=row.to_name,
            subject=row.subject,
            text=row.text_body,
            html=row.html_body,
        ),
        received_at=row.received_at,
    )
