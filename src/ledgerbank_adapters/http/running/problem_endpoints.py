"""The catalog of errors, for people who meet one and programs that must handle each."""

from collections.abc import Iterator, Sequence
from typing import Annotated, TypedDict, TypeVar

from ledgerbank_adapters.http.exchange.http_answers import error_kind, problem_url
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, NoKey, Operation
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason

M = TypeVar("M")


class ProblemEntryPayload(TypedDict):
    """``url`` is the entry's own address. The two numbers say how a worker retries, 0 when it does not."""

    reason: Annotated[str, Reason]
    category: Annotated[str, Category]
    status: int
    type: str
    url: str
    title: str
    retryable: bool
    max_retries: int
    retry_delay_ms: int


def list_problems(call: Call[None, None]) -> Answer:
    return _entries(call, list(Reason))


def get_problem(call: Call[None, None]) -> Answer:
    wanted = call.path_parameters["reason"]
    return Answer(data=_entry(call, _the_one(reason for reason in Reason if reason.code == wanted)))


def list_problems_of_category(call: Call[None, None]) -> Answer:
    wanted = call.path_parameters["category"]
    category = _the_one(category for category in Category if category.value == wanted)
    return _entries(call, [reason for reason in Reason if reason.category is category])


def _entries(call: Call[None, None], reasons: Sequence[Reason]) -> Answer:
    return Answer(data=[_entry(call, reason) for reason in reasons])


def _entry(call: Call[None, None], reason: Reason) -> ProblemEntryPayload:
    kind, retries = error_kind(reason), reason.category.retry_policy
    return {
        "reason": reason.code,
        "category": reason.category.value,
        "status": kind.status,
        "type": kind.type,
        "url": problem_url(call.host.public_base_url, reason),
        "title": reason.message,
        "retryable": reason.retryable,
        "max_retries": retries.max_retries,
        "retry_delay_ms": retries.base_delay_milliseconds,
    }


def _the_one(found: Iterator[M]) -> M:
    for member in found:
        return member
    raise DomainError(Reason.RESOURCE_NOT_FOUND)


PROBLEM_OPERATIONS = (
    Operation(
        method="GET",
        path="/problems",
        handler=list_problems,
        summary="Every error there is",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=list[ProblemEntryPayload],
        blocking=False,
    ),
    Operation(
        method="GET",
        path="/problems/{reason}",
        handler=get_problem,
        summary="One error, by its reason",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=ProblemEntryPayload,
        errors=(Reason.RESOURCE_NOT_FOUND,),
        blocking=False,
        path_schemas={"reason": {"type": "string", "examples": [Reason.INSUFFICIENT_FUNDS.code]}},
    ),
    Operation(
        method="GET",
        path="/problems/category/{category}",
        handler=list_problems_of_category,
        summary="The errors of one category",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=list[ProblemEntryPayload],
        errors=(Reason.RESOURCE_NOT_FOUND,),
        blocking=False,
        path_schemas={"category": {"type": "string", "examples": [Category.BUSINESS_RULE.value]}},
    ),
)
