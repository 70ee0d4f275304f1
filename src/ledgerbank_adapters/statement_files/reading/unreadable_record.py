"""What a reader raises: a record that cannot be read, and a file that cannot."""

from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind, UnreadRecord
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

_MAX_FIELD_LENGTH = 100
_MAX_UNREAD = 10_000
_MAX_STATEMENTS = 10_000


class UnreadableRecord(Exception):  # noqa: N818 - what the record is
    """A record of a file cannot be read: which field of it, and why. No value of it is told."""

    def __init__(self, field: str, fault: FeedFault = FeedFault.UNREADABLE) -> None:
        super().__init__(field, fault)
        self.field = field
        self.fault = fault

    def told(
        self, *, place: str, external_id: str | None = None, kind: RecordKind = RecordKind.MOVEMENT
    ) -> UnreadRecord:
        """How the statement tells of it; ``place`` is where in the file the record stands."""
        field = f"{place}: {self.field}"[:_MAX_FIELD_LENGTH]
        return UnreadRecord(kind=kind, external_id=external_id, field=field, fault=self.fault)


def unreadable_file(message: str) -> DomainError:
    """The refusal of a whole file; ``message`` says what is wrong, and where, to the customer who gave it."""
    return DomainError(Reason.INVALID_STATEMENT_FILE, field="file", message=message)


def require_readable(unread: int) -> None:
    """A file of which so much cannot be read is none. Raises ``invalid_statement_file``."""
    if unread > _MAX_UNREAD:
        raise unreadable_file(f"More than {_MAX_UNREAD} records of the file cannot be read.")


def require_statements(statements: int) -> None:
    """So many statements are in no file that a bank gives. Raises ``invalid_statement_file``."""
    if statements > _MAX_STATEMENTS:
        raise unreadable_file(f"There are more than {_MAX_STATEMENTS} statements in the file.")
