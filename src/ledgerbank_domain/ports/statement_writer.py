"""Writing of statements, each format by its own writer."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from ledgerbank_domain.banking.account_statement import AccountStatement, StatementLine


class StatementWriter(Protocol):
    """Writes statements in one format. Safe to share between threads.

    ``media_type`` is what the format is called by, ``file_extension`` what its files end with, without a
    dot. ``max_lines`` is how many lines a document may have; None: any number.
    """

    media_type: str
    file_extension: str
    max_lines: int | None

    @abstractmethod
    def write(self, statement: AccountStatement, pages: Iterable[Sequence[StatementLine]]) -> Iterator[bytes]:
        """The document, piece by piece; an empty piece only lets others have their turn.

        ``pages`` hold all lines of the statement in its order, and may raise: then the document ends without
        its end. Where ``max_lines`` is None, no more than a page of them is held, and what is
        pending. The same statement and
        lines are the same bytes. What the format cannot hold, as control characters in XML, is replaced by
        U+FFFD.
        """
