"""Refusals that anybody can cause without end are one event a minute, over every storage."""

from functools import partial

import pytest
from tests.support.races import race
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.audit.audit_event import AuditEvent, AuditFilter, AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Origin
from ledgerbank_domain.identity.page import KeysetRequest
from ledgerbank_domain.ports.audit_trail import LATEST_FIRST
from ledgerbank_domain.services.users.session_tokens import TokenPair

REFUSALS = [AuditName.TOKEN_REJECTED, AuditName.LOGIN_FAILED]


def refuse(world: ServiceWorld, name: AuditName, ip: str | None) -> None:
    client = Actor(origin=Origin(ip=ip))
    if name is AuditName.TOKEN_REJECTED:
        error = DomainError(Reason.INVALID_TOKEN)
        world.services.audit_events.record_refusal(client, error, names=[name], status=401)
    else:
        with pytest.raises(DomainError):
            world.auth.log_in(client, email="nobody@example.com", password="wrong")


def events(world: ServiceWorld, name: AuditName) -> list[AuditEvent]:
    with world.start_unit_of_work() as work:
        request = KeysetRequest(sort=LATEST_FIRST, limit=100)
        return list(work.audit.list_keyset(AuditFilter(name=name), request=request).items)


def counts(world: ServiceWorld, name: AuditName) -> list[int]:
    return sorted(event.count for event in events(world, name))


@pytest.mark.parametrize("name", REFUSALS)
def test_whoever_has_a_whole_network_of_addresses_is_one_client(world: ServiceWorld, name: AuditName) -> None:
    for ip in ("2001:db8::1", "2001:db8::2", "2001:db8::ffff:1", "2001:db8:0:1::1"):
        refuse(world, name, ip)

    assert counts(world, name) == [1, 3]


@pytest.mark.parametrize("name", REFUSALS)
def test_other_addresses_are_other_clients(world: ServiceWorld, name: AuditName) -> None:
    for ip in ("192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1", None):
        refuse(world, name, ip)

    assert counts(world, name) == [1, 1, 2]


def test_of_bad_refresh_tokens_at_once_each_is_counted_in_one_event(world: ServiceWorld) -> None:
    def refresh(host: int) -> TokenPair:
        client = Actor(origin=Origin(ip=f"2001:db8::{host}"))
        return world.auth.refresh(client, refresh_token="rubbish")

    race([partial(refresh, host) for host in range(1, 9)])

    assert counts(world, AuditName.TOKEN_REJECTED) == [8]


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\N{GRINNING FACE}" * 100_000, '"' * 100_000])
def test_what_a_client_sent_is_told_but_cut(world: ServiceWorld, text: str) -> None:
    error = DomainError(Reason.INSUFFICIENT_PERMISSIONS, field="role", value=text)
    world.services.audit_events.record_refusal(Actor(), error, names=[AuditName.AUTHZ_DENIED], status=403)

    (event,) = events(world, AuditName.AUTHZ_DENIED)
    assert event.metadata == {"field": "role", "value": text[:256], "cut": True}
