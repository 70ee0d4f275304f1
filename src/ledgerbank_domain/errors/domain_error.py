"""The one exception class of LedgerBank."""

from dataclasses import dataclass, field
from typing import Any

from ledgerbank_domain.errors.error_catalog import Category, Reason


@dataclass(frozen=True, slots=True)
class ForCaller:
    """A secret among the details of an error, as the challenge to a second factor is.

    Whoever asked is answered with it; in a log, a trail or a message it shows as nothing.
    """

    secret: str = field(repr=False)


class DomainError(Exception):
    """A refusal or failure with a reason from the catalog.

    ``details`` are small, JSON-ready facts for whoever reads the answer (``field``, ``fields``,
    ``value``, ``message`` and what the use-case documents). They never hold another user's data, nor a
    secret but one :class:`ForCaller`.
    """

    def __init__(self, reason: Reason, **details: Any) -> None:
        super().__init__(reason.code)
        self.reason = reason
        self.details = details

    @property
    def message(self) -> str:
        """What happened in words: the use-case's own where it has some, otherwise the catalog's."""
        return str(self.details.get("message", self.reason.message))

    @property
    def category(self) -> Category:
        """The reason's category, which decides the status at the edge and the retries in a worker."""
        return self.reason.category

    def about(self, field: str) -> "DomainError":
        """The same error, naming the input field it is about (unless it names one already)."""
        return DomainError(self.reason, **{"field": field, **self.details})

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.reason, self.details)

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.details.items())
        return f"{self.reason.code} ({told})" if told else self.reason.code


def _restored(reason: Reason, details: dict[str, Any]) -> DomainError:
    return DomainError(reason, **details)
