"""Permissions: turning a policy's "no" into the refusal that callers see."""

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason


def require_permission(allowed: bool) -> None:
    """Raises ``insufficient_permissions`` unless a policy allowed it."""
    if not allowed:
        raise DomainError(Reason.INSUFFICIENT_PERMISSIONS)
