"""API keys: what programs show instead of a session, to act for the user who made the key."""

import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.network_rules import is_within, parse_networks
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.identity.text_rules import parse_text
from ledgerbank_domain.identity.value_rules import in_utc, read_fields, read_given_fields

MAX_KEYS = 20
MAX_KEY_NAME_LENGTH = 100
# Nobody remembers for longer what they gave a key to; a key without an end would outlive the program.
LONGEST_LIFE = timedelta(days=365)
# A busy program does not make a row change with each request.
USE_INTERVAL = timedelta(minutes=1)

_PREFIX = "lb_"
_KEY = re.compile(r"lb_(?P<id>[0-9a-f]{32})_(?P<secret>[A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key as it was asked for. Without ``expires_at`` it lives as long as a key may.

    Raises ``invalid_name_format``, ``invalid_scope``, ``invalid_datetime_format`` and
    ``invalid_field_format``.
    """

    name: str
    scopes: Collection[Scope]
    expires_at: datetime | None = None
    allowed_networks: Collection[str] = ()

    def __post_init__(self) -> None:
        read_fields(self, name=parse_key_name, scopes=_parse_scopes, allowed_networks=parse_networks)
        read_given_fields(self, expires_at=lambda value: in_utc(value, field="expires_at"))

    def end(self, *, at: datetime) -> datetime:
        """When a key that is made now expires. Raises ``invalid_datetime_format``."""
        latest = at + LONGEST_LIFE
        end = self.expires_at or latest
        if not at < end <= latest:
            raise DomainError(
                Reason.INVALID_DATETIME_FORMAT,
                field="expires_at",
                message=f"A key expires later than now, and within {LONGEST_LIFE.days} days.",
            )
        return end


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of a program. Only the hash of its secret is kept: it is shown once, when it is made.

    ``allowed_networks`` empty means from anywhere. ``last_used_at`` and ``last_used_ip`` are noted at most
    once a minute.
    """

    id: UUID
    user_id: UUID
    name: str
    scopes: frozenset[Scope]
    allowed_networks: tuple[str, ...] = ()
    secret_hash: str = field(repr=False)
    expires_at: datetime
    last_used_at: datetime | None = None
    last_used_ip: str | None = None
    revoked_at: datetime | None = None
    inserted_at: datetime
    updated_at: datetime

    @property
    def scope_names(self) -> list[str]:
        """The scopes as clients write them, in the order in which they are documented."""
        return [scope.value for scope in Scope if scope in self.scopes]

    def revoked(self, *, at: datetime) -> "ApiKey":
        """The key after its end."""
        return replace(self, revoked_at=at, updated_at=at)

    def has_expired(self, *, at: datetime) -> bool:
        """Whether its time is over, whatever else became of it."""
        return self.expires_at <= at

    def wants_use_noted(self, *, at: datetime) -> bool:
        """Whether the use that is on record is old enough for another one."""
        return self.last_used_at is None or self.last_used_at <= at - USE_INTERVAL

    def proves(self, shown: "ShownApiKey") -> bool:
        """Whether what was shown has this key's secret; equally fast whatever was shown."""
        return hmac.compare_digest(self.secret_hash, shown.secret_hash)

    def refusal(self, *, ip: str | None, at: datetime) -> Reason | None:
        """Why the key itself is not taken from this address, now.

        From elsewhere it is no key at all: whoever stole it is told the same as whoever guesses one.
        """
        if not is_within(ip, self.allowed_networks):
            return Reason.INVALID_TOKEN
        if self.revoked_at is not None:
            return Reason.TOKEN_REVOKED
        return Reason.TOKEN_EXPIRED if self.has_expired(at=at) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownApiKey:
    """What a request shows: which key it says it has, and the hash of what it says is the secret."""

    id: UUID
    secret_hash: str = field(repr=False)


class RefusedApiKeyError(DomainError):
    """A key whose secret was right and that is not taken all the same: whose it is goes on record."""

    def __init__(self, reason: Reason, *, actor: Actor) -> None:
        super().__init__(reason)
        self.actor = actor


def api_key_text(key_id: UUID, secret: str) -> str:
    """The key as its owner gets it: ``lb_<id>_<secret>``."""
    return f"{_PREFIX}{key_id.hex}_{secret}"


def secret_hash_of(secret: str) -> str:
    """A secret of 256 random bits needs no slow hash: nobody tries them all."""
    return sha256(secret.encode()).hexdigest()


def is_api_key(token: str) -> bool:
    """Whether a bearer token says that it is a key; a session's never begins like that."""
    return token.startswith(_PREFIX)


def read_api_key(token: str) -> ShownApiKey:
    """What a token shows that says it is a key. Raises ``invalid_token``."""
    shown = _KEY.fullmatch(token)
    if shown is None:
        raise DomainError(Reason.INVALID_TOKEN)
    return ShownApiKey(id=UUID(hex=shown["id"]), secret_hash=secret_hash_of(shown["secret"]))


def parse_key_name(value: object) -> str:
    """What its owner calls a key: 1 to 100 characters, trimmed. Raises ``invalid_name_format``."""
    return parse_text(value, reason=Reason.INVALID_NAME_FORMAT, max_length=MAX_KEY_NAME_LENGTH)


def _parse_scopes(value: object) -> frozenset[Scope]:
    if not isinstance(value, list | tuple | set | frozenset) or not value:
        raise DomainError(Reason.INVALID_SCOPE, message="A key has one scope or more.")
    if not all(isinstance(scope, Scope) for scope in value):
        raise DomainError(Reason.INVALID_SCOPE)
    return frozenset(value)
