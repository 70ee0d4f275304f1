"""Every use-case says in the catalog's words what is no id, whatever stores the rest."""

import inspect
from dataclasses import dataclass
from typing import Any, get_type_hints
from uuid import UUID, uuid4

import pytest
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.services.service_composition import Services

NO_IDS = [str(uuid4()), "nobody", "", b"\0" * 16, uuid4().int, 7, ("x",), object()]


@dataclass(frozen=True)
class IdParameter:
    """A parameter of a use-case that takes an id, or None as well."""

    service: str
    method: str
    name: str
    is_optional: bool

    def __str__(self) -> str:
        return f"{self.service}.{self.method} {self.name}"

    def called_with(self, services: Services, value: object) -> object:
        """Who asks and other ids are sound. What else it takes stands for nothing: nobody may look at it."""
        method = getattr(getattr(services, self.service), self.method)
        arguments: dict[str, Any] = {
            name: uuid4() if is_id(hint) else Actor() if hint is Actor else object()
            for name, hint in hints_of(method).items()
            if name in inspect.signature(method).parameters
        }
        return method(**arguments | {self.name: value})


def hints_of(method: object) -> dict[str, Any]:
    hints = get_type_hints(method)
    hints.pop("return", None)
    return hints


def is_id(hint: object) -> bool:
    return hint in (UUID, UUID | None)


def id_parameters() -> list[IdParameter]:
    """Of all public methods of all services: one that is added is found."""
    return [
        IdParameter(service, method_name, name, is_optional=hint != UUID)
        for service, kind in get_type_hints(Services).items()
        for method_name, method in inspect.getmembers(kind, inspect.isfunction)
        if not method_name.startswith("_")
        for name, hint in hints_of(method).items()
        if is_id(hint)
    ]


def test_ids_that_use_cases_take_are_found() -> None:
    found = {str(each) for each in id_parameters()}

    assert {"payments.cancel payment_id", "users.delete user_id", "job_takeover.take_over by"} <= found
    assert len(found) >= 35


@pytest.mark.parametrize("parameter", id_parameters(), ids=str)
def test_what_is_no_id_is_told_so_before_anything_else(world: ServiceWorld, parameter: IdParameter) -> None:
    for value in NO_IDS if parameter.is_optional else [*NO_IDS, None]:
        with pytest.raises(DomainError) as raised:
            parameter.called_with(world.services, value)
        assert raised.value.reason is Reason.INVALID_UUID_FORMAT, value
        assert raised.value.details["field"] == parameter.name
