"""OAuth states: what ties a bank's answer to the user who was sent there; one use, ten minutes."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

OAUTH_STATE_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthState:
    """What ties a bank's answer to the user who was sent there; OAuth's ``state`` (RFC 6749, 10.12).

    ``state_hash`` stands for the 256 random bits the browser carries. ``code_verifier`` (RFC 7636) is
    encrypted.
    """

    id: UUID
    state_hash: str = field(repr=False)
    user_id: UUID
    user_bank_login_id: UUID
    code_verifier: bytes | None = field(default=None, repr=False)
    expires_at: datetime
    consumed_at: datetime | None = None
    inserted_at: datetime
    updated_at: datetime

    def is_usable_at(self, now: datetime) -> bool:
        """Whether an answer of the bank is still awaited: it was not used, nor is it too old."""
        return self.consumed_at is None and now < self.expires_at

    def consumed(self, *, at: datetime) -> "OAuthState":
        """The state after its one use."""
        return replace(self, consumed_at=at, updated_at=at)
