"""The catalogue: banks and their branches."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID


class BankStatus(Enum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """``integration_module`` names the gateway adapter that speaks to it (None: no connection)."""

    id: UUID
    name: str
    country: str
    code: str
    logo_url: str | None = None
    api_endpoint: str | None = None
    status: BankStatus = BankStatus.ACTIVE
    integration_module: str | None = None
    inserted_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BankBranch:
    """``iban`` is held by shape only (ISO 13616); ``swift_code`` is a BIC of 8 or 11 (ISO 9362)."""

    id: UUID
    bank_id: UUID
    name: str
    country: str
    iban: str | None = None
    routing_number: str | None = None
    swift_code: str | None = None
    inserted_at: datetime
    updated_at: datetime
