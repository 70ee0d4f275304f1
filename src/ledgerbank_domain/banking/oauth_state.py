"""OAuth states: what ties a bank's answer to the user who was sent there; one use, ten minutes."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

OAUTH_STATE_LIFETIME = timedelta(minutes=10)
CONFIRMATION_LIFETIME = timedelta(minutes=10)
CONFIRMATION_TRIES = 5
"""How many wrong ones a visit survives by one less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCode:
    """A bank's answer that waits until who began the visit confirms that it is theirs.

    ``code`` is what the bank gave, encrypted. ``confirmation_hash`` stands for what the browser was shown
    that brought it. ``tries`` are the wrong ones so far.
    """

    code: bytes = field(repr=False)
    confirmation_hash: str = field(repr=False)
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthState:
    """What ties a bank's answer to the user who was sent there; OAuth's ``state`` (RFC 6749, 10.12).

    ``state_hash`` stands for the 256 random bits the browser carries. ``code_verifier`` (RFC 7636) is
    encrypted. ``return_url`` is where the browser goes once the visit is over; None: it gets a page of ours.
    """

    id: UUID
    state_hash: str = field(repr=False)
    user_id: UUID
    user_bank_login_id: UUID
    code_verifier: bytes | None = field(default=None, repr=False)
    return_url: str | None = None
    kept: KeptCode | None = None
    expires_at: datetime
    consumed_at: datetime | None = None
    inserted_at: datetime
    updated_at: datetime

    def is_usable_at(self, now: datetime) -> bool:
        """Whether an answer of the bank is still awaited: it was not used, nor is it too old."""
        return self.consumed_at is None and now < self.expires_at

    def awaits_confirmation_at(self, now: datetime) -> bool:
        """Whether the bank's answer is here, and who began the visit may still confirm it."""
        return self.kept is not None and now < self.expires_at

    def consumed(self, *, at: datetime) -> "OAuthState":
        """The state after its one use: its secrets are gone. Used in time, it stays to be known again."""
        return replace(
            self,
            code_verifier=None,
            kept=None,
            expires_at=at + OAUTH_STATE_LIFETIME if at < self.expires_at else self.expires_at,
            consumed_at=self.consumed_at or at,
            updated_at=at,
        )

    def keeping(self, kept: KeptCode, *, at: datetime) -> "OAuthState":
        """The state after its one use, with a bank's answer that waits to be confirmed."""
        return replace(self, kept=kept, expires_at=at + CONFIRMATION_LIFETIME, consumed_at=at, updated_at=at)

    def tried_wrongly(self, *, at: datetime) -> "OAuthState":
        """One more wrong confirmation; the last one ends the visit."""
        if self.kept is None:
            return self
        tries = self.kept.tries + 1
        if tries >= CONFIRMATION_TRIES:
            return self.consumed(at=at)
        return replace(self, kept=replace(self.kept, tries=tries), updated_at=at)
