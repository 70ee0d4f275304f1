"""What the gateways of all banks share: the HTTP client with its breaker, payloads, webhook proofs.

The one home of httpx for outgoing calls to banks. A gateway imports from here and from no other adapter.
"""

from ledgerbank_adapters import requires_extra

with requires_extra("monzo"):
    from ledgerbank_adapters.bank_http.bank_http_client import BankCall, BankHttpClient, BankHttpSettings
    from ledgerbank_adapters.bank_http.bank_http_observer import BankHttpObserver, SilentBankHttpObserver
    from ledgerbank_adapters.bank_http.bank_json import parse_bank_json
    from ledgerbank_adapters.bank_http.bank_payload_reader import (
        BankPayloadReader,
        UnreadablePayload,
        plain_payload_reader,
    )
    from ledgerbank_adapters.bank_http.bank_record_reading import ReadRecords, read_each
    from ledgerbank_adapters.bank_http.bank_refusal import BankRefusal, InterpretRefusal
    from ledgerbank_adapters.bank_http.circuit_breaker import BreakerSettings, BreakerState
    from ledgerbank_adapters.bank_http.token_endpoint import TokenEndpoint
    from ledgerbank_adapters.bank_http.webhook_proofs import WebhookSignature, WebhookUrl

__all__ = [
    "BankCall",
    "BankHttpClient",
    "BankHttpObserver",
    "BankHttpSettings",
    "BankPayloadReader",
    "BankRefusal",
    "BreakerSettings",
    "BreakerState",
    "InterpretRefusal",
    "ReadRecords",
    "SilentBankHttpObserver",
    "TokenEndpoint",
    "UnreadablePayload",
    "WebhookSignature",
    "WebhookUrl",
    "parse_bank_json",
    "plain_payload_reader",
    "read_each",
]
