"""Guesses at a password, from anywhere, and what is told of them."""

from datetime import timedelta
from uuid import UUID

from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.audit.audit_event import AuditEvent, AuditFilter, AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor, Origin
from ledgerbank_domain.identity.page import KeysetRequest
from ledgerbank_domain.ports.audit_trail import LATEST_FIRST

ALICE = "alice@example.com"
NOBODY = "nobody@example.com"
AT_HOME = "203.0.113.7"
ELSEWHERE = "198.51.100.9"


def client(ip: str | None) -> Actor:
    return Actor(origin=Origin(ip=ip))


def attempt(
    world: ServiceWorld, *, email: str = ALICE, password: str = "wrong", ip: str | None = ELSEWHERE
) -> tuple[str, int | None]:
    """What a login is answered: a reason, and how long to wait."""
    try:
        world.auth.log_in(client(ip), email=email, password=password)
    except DomainError as error:
        return error.reason.code, error.details.get("retry_after_seconds")
    return "in", None


def fail(world: ServiceWorld, times: int, *, email: str = ALICE, ip: str | None = ELSEWHERE) -> None:
    """So many counted failures, each after whatever delay there is."""
    counted = 0
    while counted < times:
        reason, wait = attempt(world, email=email, ip=ip)
        if wait is None:
            assert reason == "invalid_credentials"
            counted += 1
        else:
            world.clock.advance(timedelta(seconds=wait))


def events(world: ServiceWorld, name: AuditName) -> list[AuditEvent]:
    with world.start_unit_of_work() as work:
        request = KeysetRequest(sort=LATEST_FIRST, limit=100)
        return list(work.audit.list_keyset(AuditFilter(name=name), request=request).items)


def mails(world: ServiceWorld) -> list[str]:
    world.services.due_jobs.run_due_jobs()
    return [mail.mail.subject for mail in world.mailbox.list_newest(limit=100)]


def failures_on_record(world: ServiceWorld, user_id: UUID) -> tuple[int, int]:
    """How many events tell of failed logins of the user, and how many they stand for."""
    with world.start_unit_of_work() as work:
        told = [each for each in work.audit.list_about(user_id) if each.name is AuditName.LOGIN_FAILED]
    return len(told), sum(each.count for each in told)
