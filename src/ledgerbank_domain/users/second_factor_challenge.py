"""Challenges: somebody was asked for their second factor, and what a right code is going to be good for."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from uuid import UUID

from ledgerbank_domain.identity.value_rules import require_ids, require_instants, require_optional_instants
from ledgerbank_domain.users.second_factor import SecondFactor
from ledgerbank_domain.users.user import User

CHALLENGE_LIFETIME = timedelta(minutes=5)
MAX_CHALLENGE_TRIES = 5
MAX_SUBJECT_LENGTH = 1024


class ChallengePurpose(Enum):
    """What a challenge is there for: one made for one purpose is nothing for another."""

    LOGIN = "LOGIN"
    STEP_UP = "STEP_UP"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorChallenge:
    """Good once, for ``MAX_CHALLENGE_TRIES`` tries, until ``expires_at``.

    ``secret_hash`` stands for the 256 random bits that its client holds. ``subject`` names what was to be
    done when it was made: for another thing it is not good.
    """

    id: UUID
    user_id: UUID
    purpose: ChallengePurpose
    secret_hash: str = field(repr=False)
    subject: str | None = field(default=None, repr=False)
    tries: int = 0
    expires_at: datetime
    used_at: datetime | None = None
    inserted_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        require_ids(id=self.id, user_id=self.user_id)
        require_optional_instants(used_at=self.used_at)
        require_instants(expires_at=self.expires_at, inserted_at=self.inserted_at, updated_at=self.updated_at)

    @classmethod
    def new(
        cls,
        challenge: str,
        *,
        challenge_id: UUID,
        user_id: UUID,
        purpose: ChallengePurpose,
        subject: str | None,
        at: datetime,
    ) -> "SecondFactorChallenge":
        """What is kept of the secret text that the client gets."""
        return cls(
            id=challenge_id,
            user_id=user_id,
            purpose=purpose,
            secret_hash=challenge_hash(challenge),
            subject=subject,
            expires_at=at + CHALLENGE_LIFETIME,
            inserted_at=at,
            updated_at=at,
        )

    @property
    def is_spent(self) -> bool:
        """Whether it was used, or tried too often."""
        return self.used_at is not None or self.tries >= MAX_CHALLENGE_TRIES

    def has_expired(self, *, at: datetime) -> bool:
        """Whether its time is up."""
        return at >= self.expires_at

    def outlived(self, user: User) -> bool:
        """Whether the user was logged out everywhere, as by a suspension, since it was made."""
        return user.sessions_valid_from is not None and self.inserted_at < user.sessions_valid_from

    def tried(self, *, at: datetime) -> "SecondFactorChallenge":
        """The challenge after one more wrong code."""
        return replace(self, tries=min(self.tries + 1, MAX_CHALLENGE_TRIES), updated_at=at)

    def used(self, *, at: datetime) -> "SecondFactorChallenge":
        """The challenge after its one use."""
        return replace(self, used_at=at, updated_at=at)


def login_subject(user: User, factor: SecondFactor) -> str:
    """What a login's challenge is bound to: the password that was proven, and the factor that is asked for.

    When either changes, by whatever way, challenges from before are for something that is no more.
    """
    return sha256(f"{user.password_hash}\n{factor.id}".encode("utf-8", "surrogatepass")).hexdigest()


def challenge_hash(challenge: str) -> str:
    """What a challenge is found by. 256 random bits need no salt; any text may be asked for."""
    return sha256(challenge.encode("utf-8", "surrogatepass")).hexdigest()
