"""Webhooks: what banks tell us by themselves."""

from ledgerbank_adapters.http.banks.bank_login_payloads import (
    ReceivedWebhookPayload,
    received_webhook_payload,
)
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, NoKey, Operation
from ledgerbank_adapters.http.operations.public_paths import WEBHOOKS
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import WebhookDelivery


def receive_webhook(call: Call[None, None]) -> Answer:
    """Its content is not trusted: at most it has a login synced. The body is the bank's, of any type."""
    delivery = WebhookDelivery(
        body=call.raw_body,
        headers={name.lower(): value for name, value in call.headers.items()},
        query=call.query_parameters,
    )
    received = call.services.bank_webhooks.receive(
        call.actor, provider=call.path_parameters["provider"], delivery=delivery
    )
    return Answer(data=received_webhook_payload(received))


WEBHOOK_OPERATIONS = (
    Operation(
        method="POST",
        path=WEBHOOKS,
        path_schemas={"provider": {"type": "string", "examples": ["monzo"]}},
        handler=receive_webhook,
        summary="Takes an event from a bank, which has to show that it is the bank",
        access=Access.PUBLIC,
        takes_raw_body=True,
        scope=NoKey.PUBLIC,
        answer=ReceivedWebhookPayload,
        errors=(Reason.INVALID_SIGNATURE, Reason.RESOURCE_NOT_FOUND),
    ),
)
