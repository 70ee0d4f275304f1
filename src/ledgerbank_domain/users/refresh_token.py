"""Refresh tokens: each use replaces one by the next; all that descend from one login are a session.

Rotation and reuse detection follow RFC 9700 §4.14.2, https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from ledgerbank_domain.users.device import Device

USE_INTERVAL = timedelta(minutes=1)
"""How often a use of a session is put down at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """One member of a family. ``revoked_at`` None means live; ``rotated_at`` tells it was used.

    ``session_id`` names the family (the token's ``sid``), ``session_started_at`` its login.
    ``predecessor_id`` is the token that this one was given for; a login's first token has none.
    ``last_used_at`` is when a request of the session was last put down while this was its live token.
    """

    id: UUID
    user_id: UUID
    jti: UUID
    session_id: UUID
    session_started_at: datetime
    predecessor_id: UUID | None = None
    expires_at: datetime
    revoked_at: datetime | None = None
    rotated_at: datetime | None = None
    ip: str | None = None
    user_agent: str | None = None
    last_used_at: datetime
    inserted_at: datetime
    updated_at: datetime

    @property
    def is_live(self) -> bool:
        """Whether it was neither used nor given up; whether it has expired is asked apart."""
        return self.revoked_at is None

    def continues(self, now: datetime, started_after: datetime) -> bool:
        """Whether it goes on by its dates: it has not expired, and its session began after that."""
        return self.expires_at > now and self.session_started_at > started_after

    def rotated(self, *, at: datetime) -> "RefreshToken":
        """The token after its one use: spent, and no longer live."""
        return replace(self, rotated_at=at, revoked_at=at, updated_at=at)

    def revoked(self, *, at: datetime) -> "RefreshToken":
        """The token given up without a use, as at the end of its session."""
        return replace(self, revoked_at=at, updated_at=at)

    def was_spent_for(self, live: "RefreshToken") -> bool:
        """Whether ``live``, the session's live token, is the unused one that this one was given up for.

        Either it was used and ``live`` is what it was replaced by, or both were given for the same token and
        ``live`` is the later one.
        """
        if self.rotated_at is not None:
            return live.predecessor_id == self.id
        return live.predecessor_id is not None and live.predecessor_id == self.predecessor_id

    def was_given_up_before(self, arrived_at: datetime) -> bool:
        """Whether a request that arrived then presented a token that was no longer live.

        One that arrived earlier merely lost a race against its twin, which is no sign of theft.
        """
        return self.revoked_at is not None and self.revoked_at <= arrived_at

    def is_held_by(self, *, ip: str | None, user_agent: str | None) -> bool:
        """Whether it was given to this client; one whose address is unknown is nobody's."""
        return ip is not None and (self.ip, self.user_agent) == (ip, user_agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login that can still be continued, as its owner sees it. ``id`` is the tokens' ``sid``.

    ``ip`` and ``user_agent`` are of the login or the last refresh, and so is ``device``. ``last_used_at`` is
    exact to a minute.
    """

    id: UUID
    user_id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None
    device: Device = field(default_factory=Device)

    def ending_by(self, end: datetime) -> "Session":
        """The session, which ends then at the latest."""
        return replace(self, expires_at=min(self.expires_at, end))


def session_of(token: RefreshToken) -> Session:
    """The session whose live token this is."""
    return Session(
        id=token.session_id,
        user_id=token.user_id,
        created_at=token.session_started_at,
        last_used_at=token.last_used_at,
        expires_at=token.expires_at,
        ip=token.ip,
        user_agent=token.user_agent,
    )
