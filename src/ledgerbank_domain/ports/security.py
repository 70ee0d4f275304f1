"""Passwords and tokens: what the domain asks of cryptography."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.value_rules import require_ids, require_instants
from ledgerbank_domain.users.password_hashes import parameters_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordComparison:
    """``renewed_hash`` is of the same password, when it is right and its hash has older parameters."""

    is_right: bool
    renewed_hash: str | None = field(default=None, repr=False)


class PasswordHasher(Protocol):
    """Slow on purpose: never called while a unit of work is open. Safe to share between threads."""

    @abstractmethod
    def hash(self, password: str) -> str:
        """A salted hash that names its own parameters."""

    @abstractmethod
    def matches(self, password_hash: str, password: str) -> bool:
        """Whether the password is the hash's; any string may be asked, of any length."""

    @property
    @abstractmethod
    def parameters(self) -> str:
        """What :func:`parameters_of` tells of each hash made now."""

    @abstractmethod
    def match_nothing(self, parameters: str, password: str) -> None:
        """The work of :meth:`matches` with a hash of these parameters, without one.

        None for what it makes no hashes by.
        """

    def compare(
        self, password_hash: str | None, password: str, *, among: Collection[str] = ()
    ) -> PasswordComparison:
        """Compares, with nobody's hash where there is none, and makes a new hash of one that is outdated.

        ``among`` are the parameters of all hashes there are. Whichever of them this one has, or whether there
        is one, the work is the same: one comparison by each of them, and by those of now. What is made anew
        takes the place of the last, so that renewing costs nothing.
        """
        theirs = None if password_hash is None else parameters_of(password_hash)
        is_right, made = False, None
        for parameters in sorted({self.parameters, *among, *([] if theirs is None else [theirs])}):
            if password_hash is not None and parameters == theirs:
                is_right = self.matches(password_hash, password)
            elif password_hash is not None and parameters == self.parameters:
                made = self.hash(password)
            else:
                self.match_nothing(parameters, password)
        if is_right and made is None and password_hash is not None and self.is_outdated(password_hash):
            made = self.hash(password)
        return PasswordComparison(is_right=is_right, renewed_hash=made if is_right else None)

    @abstractmethod
    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash made now would use other parameters."""


class PasswordBlocklist(Protocol):
    """Passwords that so many people have that they are guessed first."""

    @abstractmethod
    def holds(self, password: str) -> bool:
        """Whether it is one of them; ``password`` is folded, as all that it knows are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """What an access token says. ``issued_at`` has microseconds; ``role`` is informative only.

    Raises ``invalid_uuid_format`` and ``invalid_datetime_format``: a codec makes ``invalid_token`` of it.
    """

    user_id: UUID
    email: str
    role: Role
    jti: UUID
    session_id: UUID
    issued_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        require_ids(user_id=self.user_id, jti=self.jti, session_id=self.session_id)
        require_instants(issued_at=self.issued_at, expires_at=self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshClaims:
    """What a refresh token says; ``jti`` names its row, and ``session_id`` its family."""

    user_id: UUID
    jti: UUID
    session_id: UUID
    issued_at: datetime
    expires_at: datetime


class TokenCodec(Protocol):
    """Signs and verifies tokens: JSON Web Tokens (RFC 7519).

    Verification fails, in this order, with ``invalid_token`` (signature, algorithm, key, structure),
    ``token_expired``, ``invalid_token_type``, ``invalid_token`` (issuer, audience, not before, a missing or
    malformed claim).
    """

    @abstractmethod
    def encode_access(self, claims: AccessClaims) -> str:
        """The signed access token that says this."""

    @abstractmethod
    def encode_refresh(self, claims: RefreshClaims) -> str:
        """The signed refresh token that says this; it is no access token."""

    @abstractmethod
    def decode_access(self, token: str, *, now: datetime) -> AccessClaims:
        """What an access token says that we signed, when it is valid ``now``. Raises as above."""

    @abstractmethod
    def decode_refresh(self, token: str, *, now: datetime) -> RefreshClaims:
        """What a refresh token says that we signed, when it is valid ``now``. Raises as above."""


class Pseudonymizer(Protocol):
    """Names for what must be recognised but not read, such as the e-mail of a failed login."""

    @abstractmethod
    def pseudonym(self, text: str) -> str:
        """A keyed hash: equal texts give equal pseudonyms, and nobody without the key finds the text."""

    @abstractmethod
    def pseudonyms(self, text: str) -> Sequence[str]:
        """Every pseudonym that the text may have been given: by the key of now first, then by those before.

        What was stored under an earlier key is recognised by them for as long as that key is known.
        """
