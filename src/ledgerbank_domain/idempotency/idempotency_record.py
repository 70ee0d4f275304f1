"""Idempotency: what is remembered of a request that its client may send again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self
from uuid import UUID

CLAIM_DURATION = timedelta(seconds=60)
"""How long a key stays blocked by a request whose process died before it was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotentRequest:
    """A request by the name its client gave it, and all that it asks for as two texts.

    ``secrets`` holds what nobody may find out from a hash, a password for one; mostly it is empty.
    """

    user_id: UUID
    key: str
    content: str
    secrets: str = field(default="", repr=False)

    @property
    def digest(self) -> str:
        """What it asks for but for its secrets: the same whatever keys are changed, for ever."""
        return sha256(self.content.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """An answer as it was sent, to the byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyRecord:
    """The one record of a user's key: a claim until ``answer`` is there.

    ``fingerprint`` tells what was asked for: a hash, and beside it a keyed one of what was secret in it.
    ``id`` names the claim, not the key. Whoever takes the key over does so under an id of their own, so that
    one who comes too late finds their claim gone.
    """

    id: UUID
    user_id: UUID
    key: str
    fingerprint: str
    blocked_until: datetime
    expires_at: datetime
    inserted_at: datetime
    updated_at: datetime
    answer: StoredAnswer | None = None

    @classmethod
    def claim(
        cls,
        request: IdempotentRequest,
        *,
        claim_id: UUID,
        fingerprint: str,
        at: datetime,
        key_lifetime: timedelta,
    ) -> Self:
        """A claim that blocks the key for ``CLAIM_DURATION`` and lapses after ``key_lifetime``."""
        return cls(
            id=claim_id,
            user_id=request.user_id,
            key=request.key,
            fingerprint=fingerprint,
            blocked_until=at + CLAIM_DURATION,
            expires_at=at + key_lifetime,
            inserted_at=at,
            updated_at=at,
        )

    def answered(self, answer: StoredAnswer, *, at: datetime) -> "IdempotencyRecord":
        """The record with the answer that repetitions get from now on, until it expires."""
        return replace(self, answer=answer, updated_at=at)

    def is_expired(self, *, at: datetime) -> bool:
        """Whether its lifetime is over, answered or not: the key may mean something else now."""
        return at >= self.expires_at

    def is_abandoned(self, *, at: datetime) -> bool:
        """Whether its request has had all the time there is, and no answer."""
        return self.answer is None and at >= self.blocked_until
