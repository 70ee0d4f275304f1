"""Actors: who asks, in which role, and from where."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.identity.value_rules import (
    require_flags,
    require_optional_ids,
    require_optional_instants,
    require_optional_member,
)

MAX_USER_AGENT_LENGTH = 255
# Controls, and what no storage can hold.
_NOT_SAID = frozenset({"Cc", "Cs"})


class Role(Enum):
    """What a user may do beyond their own affairs."""

    USER = "user"
    ADMIN = "admin"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from; kept with sessions and audit events, never used to decide who somebody is.

    Address and user agent tell a client whose answer was lost from a thief, and whose guesses are counted.
    ``received_at`` tells a refresh that lost a race from a stolen token: it is when the last of what is asked
    had come, the token with it; None: when the use-case is called.
    ``success_status`` is what the request will be answered when what it asks for is done.

    Of what a client says it is, 255 characters are kept, without controls.
    """

    ip: str | None = None
    user_agent: str | None = None
    method: str | None = None
    path: str | None = None
    correlation_id: str | None = None
    received_at: datetime | None = None
    success_status: int | None = None

    def __post_init__(self) -> None:
        said = self.user_agent
        if said is not None and (len(said) > MAX_USER_AGENT_LENGTH or not said.isprintable()):
            object.__setattr__(self, "user_agent", _bounded(said))


def _bounded(user_agent: str) -> str | None:
    """Four times as much is looked at: what is left of it may be controls."""
    looked_at = user_agent[: 4 * MAX_USER_AGENT_LENGTH]
    kept = "".join(each for each in looked_at if unicodedata.category(each) not in _NOT_SAID)
    return kept[:MAX_USER_AGENT_LENGTH] or None


NOWHERE = Origin()
"""The origin of what no request caused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The one on whose behalf a use-case runs: a user, the system (workers, commands) or nobody yet.

    A user may act through a program, with an API key: then ``scopes`` are all that it may do. None: no key,
    no such bounds. ``shown_from`` is since when there is what they showed, a token or a key: it counts no
    more once its user began anew, however long ago the request was let in.
    """

    user_id: UUID | None = None
    role: Role | None = None
    session_id: UUID | None = None
    api_key_id: UUID | None = None
    scopes: frozenset[Scope] | None = None
    is_system: bool = False
    shown_from: datetime | None = None
    origin: Origin = NOWHERE

    def __post_init__(self) -> None:
        require_optional_ids(user_id=self.user_id, session_id=self.session_id, api_key_id=self.api_key_id)
        require_optional_member(Role, self.role, Reason.INVALID_ROLE, field="role")
        require_flags(is_system=self.is_system)
        require_optional_instants(shown_from=self.shown_from)
        if self.scopes is not None or self.api_key_id is not None:
            _require_scopes(self.scopes)

    @property
    def is_admin(self) -> bool:
        """Whether their role is administration; whether it still is, acts ask again under lock."""
        return self.role is Role.ADMIN

    @property
    def is_staff(self) -> bool:
        """Administrators and support may look at other people's affairs."""
        return self.role in (Role.ADMIN, Role.SUPPORT)

    @property
    def is_program(self) -> bool:
        """Whether it acts with an API key: nobody is there to be asked."""
        return self.scopes is not None

    def may_use(self, scope: Scope) -> bool:
        """Whether what takes this scope is within the actor's bounds; their rights are another question."""
        return self.scopes is None or scope in self.scopes

    def owns(self, owner_id: UUID) -> bool:
        """Whether the actor is this very user, whatever their role."""
        return self.user_id == owner_id

    def required_user_id(self) -> UUID:
        """The user this actor is. Raises ``invalid_token`` when nobody is logged in."""
        if self.user_id is None:
            raise DomainError(Reason.INVALID_TOKEN)
        return self.user_id


def _require_scopes(scopes: object) -> None:
    """A key has bounds: without them it would be a session that nobody ends."""
    if not isinstance(scopes, frozenset) or not all(isinstance(scope, Scope) for scope in scopes):
        raise DomainError(Reason.INVALID_SCOPE, field="scopes")


ANONYMOUS = Actor()
SYSTEM = Actor(is_system=True)
