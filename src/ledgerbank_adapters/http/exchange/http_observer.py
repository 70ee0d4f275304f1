"""What the HTTP adapter tells whoever counts."""

from typing import Protocol

from ledgerbank_domain.errors.error_catalog import Reason


class HttpObserver(Protocol):
    """Must be quick and must not raise; is called from many threads."""

    def request_answered(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """``route`` is a path's template, so it holds no id; ``method`` one of a few."""

    def error_answered(self, reason: Reason) -> None:
        """An answer told this reason."""

    def request_not_counted(self) -> None:
        """A request was let through because the store of the rate limit is out of reach."""


class SilentHttpObserver(HttpObserver):
    """Counts nothing."""

    def request_answered(self, *, method: str, route: str, status: int, seconds: float) -> None:
        pass

    def error_answered(self, reason: Reason) -> None:
        pass

    def request_not_counted(self) -> None:
        pass
