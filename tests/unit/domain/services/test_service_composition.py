"""All services over one set of ports, and over other units of work."""

from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from ledgerbank_adapters.memory import MemoryClock, MemoryDatabase, MemoryStartUnitOfWork, memory_ports
from ledgerbank_domain.services.idempotency.deferred_commit import DeferredCommit
from ledgerbank_domain.services.jobs.job_work import PlainWork
from ledgerbank_domain.services.service_composition import Services, compose_services


@pytest.fixture
def services() -> Services:
    return compose_services(memory_ports())


def starters_inside(part: Any) -> list[Any]:
    """What starts units of work in a service, or in anything that it is made of."""
    if isinstance(part, PlainWork):
        return starters_inside_function(part.handler)
    if isinstance(part, dict):
        return [starter for value in part.values() for starter in starters_inside(value)]
    if not is_dataclass(part):
        return []
    starters = []
    for each in fields(part):
        value = getattr(part, each.name)
        starters += [value] if each.name == "start_unit_of_work" else starters_inside(value)
    return starters


def starters_inside_function(function: Any) -> list[Any]:
    """Of a method, or of what a function closes over."""
    bound = getattr(function, "__self__", None)
    closed_over = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    return [starter for part in [bound, *closed_over] for starter in starters_inside(part)]


def test_no_service_keeps_units_of_work_of_its_own_when_its_commit_is_deferred(services: Services) -> None:
    deferred = DeferredCommit(MemoryStartUnitOfWork(MemoryDatabase(MemoryClock())))

    moved = services.over(deferred)

    for name in (each.name for each in fields(Services)):
        before, after = (starters_inside(getattr(each, name)) for each in (services, moved))
        assert after == [deferred] * len(before), name
        assert before, name
    # A payment's jobs and the syncs of banks lie deep.
    assert len(starters_inside(moved.job_running)) > len(fields(type(moved.job_running)))


def test_what_is_composed_over_other_units_of_work_is_the_same_otherwise(services: Services) -> None:
    moved = services.over(services.ports.start_unit_of_work)

    assert moved.ports == services.ports
    for name in ("users", "accounts", "payments", "payment_processing", "bank_logins"):
        assert getattr(moved, name) == getattr(services, name), name
