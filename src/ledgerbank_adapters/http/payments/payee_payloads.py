"""Payees as JSON shows them."""

from typing import TypedDict

from ledgerbank_adapters.http.fields.wire_values import WireId, WireInstant, wire_id, wire_instant
from ledgerbank_domain.payments.payee import Payee


class PayeePayload(TypedDict):
    id: WireId
    counterparty_account_id: WireId
    name: str
    trusted_at: WireInstant
    inserted_at: WireInstant
    updated_at: WireInstant


def payee_payload(payee: Payee) -> PayeePayload:
    return {
        "id": wire_id(payee.id),
        "counterparty_account_id": wire_id(payee.counterparty_account_id),
        "name": payee.name,
        "trusted_at": wire_instant(payee.trusted_at),
        "inserted_at": wire_instant(payee.inserted_at),
        "updated_at": wire_instant(payee.updated_at),
    }
