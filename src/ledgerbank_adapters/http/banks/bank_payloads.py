"""Banks and their branches as JSON shows them."""

from typing import TypedDict

from ledgerbank_adapters.http.fields.wire_values import WireId, WireInstant, wire_id, wire_instant
from ledgerbank_domain.banking.bank import Bank, BankBranch


class BankPayload(TypedDict):
    """``integration_module`` names the gateway that feeds its accounts; ``connectable``: users can now."""

    id: WireId
    name: str
    country: str
    code: str
    logo_url: str | None
    api_endpoint: str | None
    status: str
    integration_module: str | None
    connectable: bool
    inserted_at: WireInstant
    updated_at: WireInstant


class BranchPayload(TypedDict):
    id: WireId
    bank_id: WireId
    name: str
    country: str
    iban: str | None
    routing_number: str | None
    swift_code: str | None
    inserted_at: WireInstant
    updated_at: WireInstant


def bank_payload(bank: Bank, *, connectable: bool) -> BankPayload:
    return {
        "id": wire_id(bank.id),
        "name": bank.name,
        "country": bank.country,
        "code": bank.code,
        "logo_url": bank.logo_url,
        "api_endpoint": bank.api_endpoint,
        "status": bank.status.value,
        "integration_module": bank.integration_module,
        "connectable": connectable,
        "inserted_at": wire_instant(bank.inserted_at),
        "updated_at": wire_instant(bank.updated_at),
    }


def branch_payload(branch: BankBranch) -> BranchPayload:
    return {
        "id": wire_id(branch.id),
        "bank_id": wire_id(branch.bank_id),
        "name": branch.name,
        "country": branch.country,
        "iban": branch.iban,
        "routing_number": branch.routing_number,
        "swift_code": branch.swift_code,
        "inserted_at": wire_instant(branch.inserted_at),
        "updated_at": wire_instant(branch.updated_at),
    }
