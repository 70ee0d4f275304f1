"""Jobs of every kind, in the hands of administrators."""

from attrs import field, frozen

from ledgerbank_adapters.http.fields.field_types import FieldType, member_of
from ledgerbank_adapters.http.fields.paging_queries import OffsetQuery, offset_pagination
from ledgerbank_adapters.http.jobs.job_payloads import JobPayload, job_payload
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, NoKey, Operation, Paging
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import QUEUES, JobFilter, JobKind, JobState

FOUND_JOB_ERRORS = (Reason.INVALID_UUID_FORMAT, Reason.JOB_NOT_FOUND)


def _parse_queue(value: str) -> str:
    name = value.strip().casefold()
    if name in QUEUES:
        return name
    raise DomainError(Reason.INVALID_FILTER)


STATE = member_of(JobState, Reason.INVALID_FILTER)
QUEUE = FieldType(parse=_parse_queue, schema={"type": "string", "enum": list(QUEUES)})
KIND = member_of(JobKind, Reason.INVALID_FILTER)


@frozen(kw_only=True)
class JobListQuery(OffsetQuery):
    state: JobState | None = field(default=None, metadata=STATE.metadata)
    queue: str | None = field(default=None, metadata=QUEUE.metadata)
    kind: JobKind | None = field(default=None, metadata=KIND.metadata)


def list_jobs(call: Call[None, JobListQuery]) -> Answer:
    query = call.query()
    wanted = JobFilter(state=query.state, queue=query.queue, kind=query.kind)
    page = call.services.jobs.list_page(call.actor, wanted, request=query.page_request)
    return Answer(data=[job_payload(job) for job in page.items], pagination=offset_pagination(page))


def get_job(call: Call[None, None]) -> Answer:
    return Answer(data=job_payload(call.services.jobs.get(call.actor, job_id=call.path_id())))


def retry_job(call: Call[None, None]) -> Answer:
    """A payment that failed by this job is PENDING again."""
    return Answer(data=job_payload(call.services.jobs.retry(call.actor, job_id=call.path_id())))


def cancel_job(call: Call[None, None]) -> Answer:
    """A payment that it was to process stays PENDING."""
    return Answer(data=job_payload(call.services.jobs.cancel(call.actor, job_id=call.path_id())))


JOB_OPERATIONS = (
    Operation(
        method="GET",
        path="/jobs",
        handler=list_jobs,
        summary="Jobs, newest first",
        access=Access.ADMIN,
        query=JobListQuery,
        scope=NoKey.SESSIONS_ONLY,
        answer=list[JobPayload],
        paging=Paging.OFFSET,
        errors=(Reason.INVALID_FILTER,),
    ),
    Operation(
        method="GET",
        path="/jobs/{id}",
        handler=get_job,
        summary="One job, with the error of every attempt that failed",
        access=Access.ADMIN,
        scope=NoKey.SESSIONS_ONLY,
        answer=JobPayload,
        errors=FOUND_JOB_ERRORS,
    ),
    Operation(
        method="POST",
        path="/jobs/{id}/retry",
        handler=retry_job,
        summary="Makes a retryable, cancelled or discarded job available now, as if it were new",
        access=Access.ADMIN,
        scope=NoKey.SESSIONS_ONLY,
        answer=JobPayload,
        errors=(*FOUND_JOB_ERRORS, Reason.ALREADY_PROCESSED),
    ),
    Operation(
        method="DELETE",
        path="/jobs/{id}",
        handler=cancel_job,
        summary="Cancels a job that no worker has begun",
        access=Access.ADMIN,
        scope=NoKey.SESSIONS_ONLY,
        answer=JobPayload,
        errors=(*FOUND_JOB_ERRORS, Reason.ALREADY_PROCESSED),
    ),
)
