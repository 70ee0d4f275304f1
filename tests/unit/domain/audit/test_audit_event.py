"""What an event is about follows from its name, unless the act tells otherwise."""

from uuid import UUID

import pytest
from tests.support.scenes.domain_samples import NOW

from ledgerbank_domain.audit.audit_event import AuditEvent, AuditName, AuditTarget, failure, success
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import SYSTEM

SOMETHING = UUID(int=7)


def told(name: AuditName, target: AuditTarget | None) -> list[AuditEvent]:
    """The event of an act that was carried out, and of one that came to nothing."""
    failed = failure(name, event_id=UUID(int=1), reason=Reason.TIMEOUT, actor=SYSTEM, target=target, at=NOW)
    if target is None:
        return [failed]
    return [success(name, event_id=UUID(int=2), actor=SYSTEM, target=target, at=NOW), failed]


@pytest.mark.parametrize(
    ("name", "target_type"),
    [
        (AuditName.LOGOUT, "session"),
        (AuditName.LOGIN_FAILED, "user"),
        (AuditName.SUSPICIOUS, "user"),
        (AuditName.STAFF_READ, "user"),
        (AuditName.ADMIN_ACCOUNT_UPDATED, "account"),
        (AuditName.ADMIN_BRANCH_CREATED, "bank_branch"),
        (AuditName.ADMIN_JOB_RETRIED, "job"),
        (AuditName.BANK_LOGIN_SYNCED, "bank_login"),
        (AuditName.LEDGER_REVERSED, "journal_entry"),
        (AuditName.PAYMENT_FAILED, "payment"),
    ],
)
def test_a_name_tells_what_its_events_are_about(name: AuditName, target_type: str) -> None:
    for event in told(name, AuditTarget(SOMETHING)):
        assert (event.target_type, event.target_id) == (target_type, SOMETHING)


def test_an_act_may_be_about_something_else_than_its_name_says() -> None:
    for event in told(AuditName.PAYMENT_CREATED, AuditTarget(SOMETHING, type="user")):
        assert (event.target_type, event.target_id) == ("user", SOMETHING)


def test_an_event_about_many_tells_of_what_kind_they_are() -> None:
    for event in told(AuditName.STAFF_READ, AuditTarget(None)):
        assert (event.target_type, event.target_id) == ("user", None)


def test_a_refusal_that_is_about_nothing_names_no_kind_either() -> None:
    for event in told(AuditName.LOGIN_FAILED, None):
        assert (event.target_type, event.target_id) == (None, None)


def test_a_name_is_found_by_what_is_stored_of_it() -> None:
    for name in AuditName:
        assert AuditName(name.value) is name
        assert isinstance(name.value, str)
