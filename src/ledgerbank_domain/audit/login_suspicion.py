"""When failed logins stop looking like somebody who has forgotten his password."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from ledgerbank_domain.audit.audit_event import AuditEvent, AuditName

SUSPICION_WINDOW = timedelta(minutes=5)
SUSPICIOUS_FAILURES = 5


def suspects_of(recent: Iterable[AuditEvent], *, email_hash: str, ip: str | None) -> Mapping[str, str]:
    """Which of the two has failed too often, as facts of an event; empty when neither is newly suspect.

    ``recent`` are the failed logins of the last :data:`SUSPICION_WINDOW` that share the email or the
    address, the newest one included, and the suspicions there were: each is raised once in that time.
    """
    events = list(recent)
    suspects = {"email_hash": email_hash} if ip is None else {"email_hash": email_hash, "ip": ip}
    return {fact: value for fact, value in suspects.items() if _is_newly_suspect(fact, value, events)}


def _is_newly_suspect(fact: str, value: str, events: Sequence[AuditEvent]) -> bool:
    failures = 0
    for event in events:
        if event.name is not AuditName.SUSPICIOUS:
            failures += value == (event.origin.ip if fact == "ip" else event.metadata.get(fact))
        elif event.metadata.get(fact) == value:
            return False
    return failures >= SUSPICIOUS_FAILURES
