"""Jobs as JSON shows them."""

from typing import Annotated, Any, TypedDict

from ledgerbank_adapters.http.fields.wire_values import (
    WireId,
    WireInstant,
    optional_wire_instant,
    wire_id,
    wire_instant,
)
from ledgerbank_domain.audit.redaction import redacted
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.jobs.job import MAX_PRIORITY, MIN_PRIORITY, QUEUES, Job, JobError, JobKind, JobState
from ledgerbank_domain.services.jobs.scheduled_job import ScheduledJob


class JobErrorPayload(TypedDict):
    """Why an attempt failed, and when."""

    at: WireInstant
    reason: Annotated[str, Reason]
    category: Annotated[str, Category]
    message: str


class JobPayload(TypedDict):
    """``args`` holds no secret; ``attempt`` counts those begun; ``errors`` has one for each that failed."""

    id: WireId
    kind: Annotated[str, JobKind]
    queue: Annotated[str, {"enum": list(QUEUES)}]
    args: dict[str, Any]
    priority: Annotated[int, {"minimum": MIN_PRIORITY, "maximum": MAX_PRIORITY}]
    state: Annotated[str, JobState]
    attempt: int
    max_attempts: int
    run_at: WireInstant
    inserted_at: WireInstant
    updated_at: WireInstant
    attempted_at: WireInstant | None
    completed_at: WireInstant | None
    errors: list[JobErrorPayload]
    unique_key: str | None
    correlation_id: str | None


class SchedulingMetadata(TypedDict):
    """``deduplicated``: the job was there before and stays as it was."""

    deduplicated: bool


def job_payload(job: Job) -> JobPayload:
    return {
        "id": wire_id(job.id),
        "kind": job.kind.value,
        "queue": job.queue,
        "args": redacted(job.args),
        "priority": job.priority,
        "state": job.state.value,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "run_at": wire_instant(job.run_at),
        "inserted_at": wire_instant(job.inserted_at),
        "updated_at": wire_instant(job.updated_at),
        "attempted_at": optional_wire_instant(job.attempted_at),
        "completed_at": optional_wire_instant(job.completed_at),
        "errors": [_error_payload(error) for error in job.errors],
        "unique_key": job.unique_key,
        "correlation_id": job.correlation_id,
    }


def scheduling_metadata(scheduled: ScheduledJob) -> SchedulingMetadata:
    return {"deduplicated": scheduled.deduplicated}


def _error_payload(error: JobError) -> JobErrorPayload:
    return {
        "at": wire_instant(error.at),
        "reason": error.reason.code,
        "category": error.category.value,
        "message": redacted(error.message),
    }
