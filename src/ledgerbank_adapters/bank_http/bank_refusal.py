"""A bank's refusal, for the gateway that knows the bank's dialect to interpret."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class BankRefusal:
    """A 4xx other than 429, and other than 401 to an access token.

    ``document`` is the body's JSON value, None when it has none; ``has_body`` whether there was one at all.
    The document is not shown by ``repr``: a bank may repeat in it what it was sent.
    """

    status: int
    document: Any
    has_body: bool

    def text(self, *path: str) -> str:
        """The string under these keys; empty when there is none."""
        value = self.document
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value if isinstance(value, str) else ""

    def __repr__(self) -> str:
        return f"BankRefusal(status={self.status})"


InterpretRefusal = Callable[[BankRefusal], Exception | None]
"""What a refusal means; None: nothing that was to be expected, so it becomes ``bank_api_error``."""
