"""What Monzo's webhooks say: https://docs.monzo.com/#transaction-created"""

from ledgerbank_adapters.bank_http import BankPayloadReader, UnreadablePayload, parse_bank_json
from ledgerbank_adapters.monzo.monzo_payloads import MonzoEvent
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.ports.bank_gateway import WebhookNotice


def notice_in(body: bytes, payloads: BankPayloadReader) -> WebhookNotice:
    """Events carry no id of their own: type and transaction name one.

    Raises ``invalid_signature`` for what cannot be read.
    """
    try:
        event = payloads.read(parse_bank_json(body), MonzoEvent)
    except (ValueError, UnreadablePayload):
        raise DomainError(Reason.INVALID_SIGNATURE) from None
    account_id = event.data.account_id or None
    if not (event.type and event.data.id and is_text(f"{event.type}{event.data.id}{account_id}")):
        raise DomainError(Reason.INVALID_SIGNATURE)
    return WebhookNotice(
        event_id=f"{event.type}:{event.data.id}",
        event_type=event.type,
        external_account_id=account_id,
    )
