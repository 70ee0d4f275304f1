"""Event notifications: https://openbankinguk.github.io/read-write-api-site3/v3.1.10/references/events.html"""

from typing import Any

from ledgerbank_adapters.bank_http import parse_bank_json
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.ports.bank_gateway import WebhookNotice

RESOURCE_UPDATE = "urn:uk:org:openbanking:events:resource-update"
RESOURCE_ID = "http://openbanking.org.uk/rid"
RESOURCE_TYPE = "http://openbanking.org.uk/rty"

_MAX_LENGTH = 255


def notice_in(body: bytes) -> WebhookNotice:
    """What an event's claims say: ``jti`` names it, ``events`` has one member, by its type.

    A ``resource-update`` of an ``account`` is told as ``transaction.created``: what changed there are its
    movements. Any other type keeps its name. Raises ``invalid_signature`` for what cannot be read.
    """
    try:
        claims = parse_bank_json(body)
    except ValueError:
        raise DomainError(Reason.INVALID_SIGNATURE) from None
    event_id, events = _member(claims, "jti"), _member(claims, "events")
    if not _is_name(event_id) or not isinstance(events, dict) or len(events) != 1:
        raise DomainError(Reason.INVALID_SIGNATURE)
    ((kind, event),) = events.items()
    if not _is_name(kind):
        raise DomainError(Reason.INVALID_SIGNATURE)
    subject = _member(event, "subject")
    account_id = _member(subject, RESOURCE_ID)
    if kind == RESOURCE_UPDATE and _member(subject, RESOURCE_TYPE) == "account" and _is_name(account_id):
        return WebhookNotice(
            event_id=event_id, event_type="transaction.created", external_account_id=account_id
        )
    return WebhookNotice(event_id=event_id, event_type=kind, external_account_id=None)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and is_text(value) and 0 < len(value) <= _MAX_LENGTH
