"""What clients send to make an API key."""

from collections.abc import Collection
from datetime import datetime

from attrs import field, frozen

from ledgerbank_adapters.http.fields.field_types import FieldType
from ledgerbank_adapters.http.fields.wire_values import parse_instant
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.network_rules import MAX_NETWORKS, parse_networks
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.users.api_key import LONGEST_LIFE, MAX_KEY_NAME_LENGTH, NewApiKey, parse_key_name


def _parse_scopes(value: object) -> frozenset[Scope]:
    """Scopes are written exactly so: they are what a program was given, not what a person typed."""
    known = {scope.value: scope for scope in Scope}
    if not isinstance(value, list) or not value:
        raise DomainError(Reason.INVALID_SCOPE, allowed=list(known))
    if unknown := [scope for scope in value if not isinstance(scope, str) or scope not in known]:
        told = [scope for scope in unknown if isinstance(scope, str)][:1]
        message = f"There is no scope {told[0][:64]!r}." if told else "A scope is a text."
        raise DomainError(Reason.INVALID_SCOPE, allowed=list(known), message=message)
    return frozenset(known[scope] for scope in value)


KEY_NAME = FieldType(
    parse=parse_key_name,
    schema={
        "type": "string",
        "pattern": r"\S",
        "maxLength": MAX_KEY_NAME_LENGTH,
        "examples": ["Bookkeeping"],
    },
)
SCOPES = FieldType(
    parse=_parse_scopes,
    schema={
        "type": "array",
        "minItems": 1,
        "items": {"type": "string", "enum": [scope.value for scope in Scope]},
        "examples": [["accounts:read", "payments:read"]],
    },
)
KEY_END = FieldType(
    parse=parse_instant,
    schema={
        "type": ["string", "null"],
        "format": "date-time",
        # An instant in a document would soon be past, or is too far away.
        "examples": [None],
        "description": f"Within {LONGEST_LIFE.days} days; without it a key lives that long.",
    },
)
NETWORKS = FieldType(
    parse=parse_networks,
    schema={
        "type": "array",
        "maxItems": MAX_NETWORKS,
        "items": {"type": "string", "maxLength": 64},
        "description": "Blocks of IPv4 or IPv6 addresses that the key may be used from; none: from anywhere.",
        "examples": [["203.0.113.0/24", "2001:db8::/32"]],
    },
)


@frozen(kw_only=True)
class ApiKeyBody:
    name: str = field(metadata=KEY_NAME.metadata)
    scopes: Collection[Scope] = field(metadata=SCOPES.metadata)
    expires_at: datetime | None = field(default=None, metadata=KEY_END.metadata)
    allowed_networks: Collection[str] = field(default=(), metadata=NETWORKS.metadata)

    def new_key(self) -> NewApiKey:
        return NewApiKey(
            name=self.name,
            scopes=self.scopes,
            expires_at=self.expires_at,
            allowed_networks=self.allowed_networks,
        )
