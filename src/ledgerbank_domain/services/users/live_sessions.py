"""The sessions of a user that go on, as they are shown."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.ports.device_reader import DeviceReader
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.users.session_tokens import TokenLifetimes
from ledgerbank_domain.users.refresh_token import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSessions:
    """By the settings of now, which may be stricter than those that a token was made by."""

    lifetimes: TokenLifetimes
    devices: DeviceReader

    def list_in(self, work: UnitOfWork, user_id: UUID, *, now: datetime) -> list[Session]:
        """Newest login first."""
        live = work.refresh_tokens.list_live_sessions(
            user_id, now=now, started_after=self.lifetimes.ended_before(now)
        )
        return [
            replace(
                session.ending_by(session.created_at + self.lifetimes.session),
                device=self.devices.device_of(session.user_agent),
            )
            for session in live
        ]
