"""Second factors: a secret that an authenticator app shares with us, and codes for the day it is lost."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from ledgerbank_domain.identity.value_rules import require_ids, require_instants, require_optional_instants

ENROLMENT_LIFETIME = timedelta(minutes=10)
"""How long a new secret waits for the first code made of it."""

RECOVERY_CODES = 10
MAX_ENROLMENT_TRIES = 5
WARNING_TRIES = 5
MAX_WRONG_CODES = 100
"""In a row. After them only a recovery code counts: nobody guesses six digits for ever.

Source: https://pages.nist.gov/800-63-4/sp800-63b.html, section 3.2.2
"""

_MAX_CODE_LENGTH = 64
_SEPARATORS = str.maketrans("", "", " -")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """A user's second factor; it counts once ``confirmed_at`` is there, and until then asks for nothing.

    ``secret`` is sealed. ``last_step`` is the latest time step whose code was used: it and those before it
    count no more. ``wrong_codes`` are those in a row, the latest last; a right one ends the row.
    ``recovery_hashes`` are of the codes that were not used yet.
    """

    id: UUID
    user_id: UUID
    secret: bytes = field(repr=False)
    confirmed_at: datetime | None = None
    last_step: int | None = None
    wrong_codes: int = 0
    recovery_hashes: tuple[str, ...] = field(default=(), repr=False)
    inserted_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        require_ids(id=self.id, user_id=self.user_id)
        require_optional_instants(confirmed_at=self.confirmed_at)
        require_instants(inserted_at=self.inserted_at, updated_at=self.updated_at)

    @property
    def is_confirmed(self) -> bool:
        """Whether it is asked for."""
        return self.confirmed_at is not None

    @property
    def takes_app_codes(self) -> bool:
        """Whether a code of the app may still be right: not after too many wrong ones in a row."""
        return self.wrong_codes < MAX_WRONG_CODES

    def may_be_confirmed(self, *, at: datetime) -> bool:
        """Whether its first code is still awaited."""
        waits = not self.is_confirmed and at < self.inserted_at + ENROLMENT_LIFETIME
        return waits and self.wrong_codes < MAX_ENROLMENT_TRIES

    def confirmed(self, *, step: int, recovery_hashes: tuple[str, ...], at: datetime) -> "SecondFactor":
        """The factor after its first code, which is used by that."""
        return replace(
            self,
            confirmed_at=at,
            last_step=step,
            wrong_codes=0,
            recovery_hashes=recovery_hashes,
            updated_at=at,
        )

    def with_step_used(self, step: int, *, at: datetime) -> "SecondFactor":
        """The factor after a right code of the app."""
        return replace(self, last_step=step, wrong_codes=0, updated_at=at)

    def with_recovery_code_used(self, code_hash: str, *, at: datetime) -> "SecondFactor":
        """The factor after a recovery code, which is gone by that."""
        left = tuple(each for each in self.recovery_hashes if each != code_hash)
        return replace(self, recovery_hashes=left, wrong_codes=0, updated_at=at)

    def with_recovery_hashes(self, recovery_hashes: tuple[str, ...], *, at: datetime) -> "SecondFactor":
        """The factor with other recovery codes; those before count no more."""
        return replace(self, recovery_hashes=recovery_hashes, updated_at=at)

    def with_wrong_code(self, *, at: datetime) -> "SecondFactor":
        """The factor after one more wrong code in a row."""
        return replace(self, wrong_codes=min(self.wrong_codes + 1, MAX_WRONG_CODES), updated_at=at)


def read_code(code: str) -> str:
    """A code as it is compared: apps and people write it in groups, and in either case.

    What is too long to be one is none.
    """
    return code.translate(_SEPARATORS).lower() if len(code) <= _MAX_CODE_LENGTH else ""


def recovery_hash(code: str) -> str:
    """What is kept of a recovery code, read by :func:`read_code`. Its 120 random bits need no salt."""
    return sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def second_factor_place(factor_id: UUID) -> str:
    """What the secret of a second factor is sealed for: its column and row."""
    return f"second_factors.secret_encrypted:{factor_id}"
