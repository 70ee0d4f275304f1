"""A user's connection to a bank branch."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

DEFAULT_SYNC_FREQUENCY_SECONDS = 3600


class BankLoginStatus(Enum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLogin:
    """``sync_frequency`` is in seconds. The bank's tokens are kept apart, encrypted."""

    id: UUID
    user_id: UUID
    bank_branch_id: UUID
    username: str
    status: BankLoginStatus = BankLoginStatus.INACTIVE
    sync_frequency: int = DEFAULT_SYNC_FREQUENCY_SECONDS
    last_sync_at: datetime | None = None
    token_expires_at: datetime | None = None
    scope: tuple[str, ...] = ()
    provider_user_id: str | None = None
    inserted_at: datetime
    updated_at: datetime
