"""The bounds of programs: what an actor with an API key may ask for, said at every use-case.

A key only narrows: whether its owner may do what they ask is the use-case's decision as ever. It is decided
here and not at the edge alone, so that it holds for whoever embeds the services.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from types import MappingProxyType
from typing import Any, TypeVar, cast

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.services.conduct.batch_items import each_by_itself
from ledgerbank_domain.services.conduct.outcome import Outcome

S = TypeVar("S")
UseCase = TypeVar("UseCase", bound=Callable[..., Any])
T = TypeVar("T")
Item = TypeVar("Item")

_BOUNDS: dict[str, Scope | None] = {}
BOUNDS: Mapping[str, Scope | None] = MappingProxyType(_BOUNDS)
"""The scope that each use-case takes, by its module and name; None: no key will do."""


def require_scope(actor: Actor, scope: Scope | None) -> None:
    """Raises ``insufficient_permissions`` when the actor is a program whose key has not this scope.

    None is for what no key may do.
    """
    if actor.scopes is None or (scope is not None and actor.may_use(scope)):
        return
    if scope is None:
        raise DomainError(
            Reason.INSUFFICIENT_PERMISSIONS, message="No API key may do this: it takes a session."
        )
    raise DomainError(
        Reason.INSUFFICIENT_PERMISSIONS,
        required_scope=scope.value,
        message=f"The API key lacks the scope {scope.value}.",
    )


def needs_scope(scope: Scope | None) -> Callable[[UseCase], UseCase]:
    """Lets a use-case be asked by programs with this scope only, before it looks at anything else."""

    def bounded(use_case: UseCase) -> UseCase:
        _BOUNDS[bound_name(use_case)] = scope

        @wraps(use_case)
        def asked(*args: Any, **kwargs: Any) -> Any:
            # The first parameter after the service, by its place or by its name.
            actor = args[1] if len(args) > 1 else kwargs["actor"]
            require_scope(actor, scope)
            return use_case(*args, **kwargs)

        return cast("UseCase", asked)

    return bounded


def session_only(use_case: UseCase) -> UseCase:
    """Keeps a use-case from programs altogether, whatever the scopes of their keys."""
    return needs_scope(None)(use_case)


def each_needs_scope(
    scope: Scope,
) -> Callable[
    [Callable[[S, Sequence[tuple[Actor, Item]]], list[Outcome[T]]]],
    Callable[[S, Sequence[tuple[Actor, Item]]], list[Outcome[T]]],
]:
    """As :func:`needs_scope`, of a batch whose items come from many: each is refused by itself."""

    def bounded(
        use_case: Callable[[S, Sequence[tuple[Actor, Item]]], list[Outcome[T]]],
    ) -> Callable[[S, Sequence[tuple[Actor, Item]]], list[Outcome[T]]]:
        _BOUNDS[bound_name(use_case)] = scope

        @wraps(use_case)
        def asked(service: S, requests: Sequence[tuple[Actor, Item]], /) -> list[Outcome[T]]:
            return each_by_itself(
                requests,
                lambda askable: use_case(service, askable),
                fault_of=lambda item: _refusal_of(item, scope),
            )

        return asked

    return bounded


def bound_name(use_case: Callable[..., Any]) -> str:
    """What :data:`BOUNDS` knows a use-case by."""
    return f"{use_case.__module__}.{use_case.__qualname__}"


def _refusal_of(item: object, scope: Scope) -> DomainError | None:
    """What is no request of anybody the use-case itself refuses."""
    if isinstance(item, tuple) and item and isinstance(item[0], Actor):
        try:
            require_scope(item[0], scope)
        except DomainError as refusal:
            return refusal
    return None
