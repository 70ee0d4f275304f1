"""Executing payments: at once, or by a worker."""

from attrs import evolve

from ledgerbank_adapters.http.jobs.job_bodies import ScheduleBody
from ledgerbank_adapters.http.jobs.job_payloads import (
    JobPayload,
    SchedulingMetadata,
    job_payload,
    scheduling_metadata,
)
from ledgerbank_adapters.http.operations.http_operation import Answer, Call, Operation, OtherAnswer
from ledgerbank_adapters.http.operations.prefer_header import APPLIED_HEADER, RESPOND_ASYNC, prefers_async
from ledgerbank_adapters.http.payments.payment_endpoints import ACCOUNT_RULE_ERRORS, FOUND_PAYMENT_ERRORS
from ledgerbank_adapters.http.payments.payment_payloads import PaymentPayload, payment_payload
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.services.jobs.scheduled_job import ScheduledJob

QUEUED = OtherAnswer(
    status=202,
    answer=JobPayload,
    action="scheduled",
    metadata=SchedulingMetadata,
    preference=RESPOND_ASYNC,
)


def process_payment(call: Call[None, None]) -> Answer:
    """With ``Prefer: respond-async`` it is left to a worker, as by scheduling it without options."""
    if prefers_async(call.headers):
        return _process_later(call)
    payment = call.services.payment_processing.process(call.actor, payment_id=call.path_id())
    return Answer(data=payment_payload(payment))


def schedule_payment(call: Call[ScheduleBody, None]) -> Answer:
    """While the payment has an unfinished job, that one is answered, unchanged."""
    payment_id = call.path_id()
    scheduled = call.services.payment_schedules.schedule(
        call.actor, payment_id=payment_id, schedule=call.body().schedule()
    )
    return _queued(scheduled)


def get_payment_job(call: Call[None, None]) -> Answer:
    return Answer(
        data=job_payload(call.services.payment_schedules.newest_job(call.actor, payment_id=call.path_id()))
    )


def cancel_payment_job(call: Call[None, None]) -> Answer:
    """The payment stays PENDING."""
    return Answer(
        data=job_payload(call.services.payment_schedules.cancel_job(call.actor, payment_id=call.path_id()))
    )


def _process_later(call: Call[None, None]) -> Answer:
    actor = call.actor_answered(QUEUED.status)
    answer = _queued(call.services.payment_schedules.schedule(actor, payment_id=call.path_id()))
    return evolve(answer, status=QUEUED.status, action=QUEUED.action, headers={APPLIED_HEADER: RESPOND_ASYNC})


def _queued(scheduled: ScheduledJob) -> Answer:
    return Answer(
        data=job_payload(scheduled.job),
        metadata=scheduling_metadata(scheduled),
        location=f"/payments/{scheduled.job.args['payment_id']}/job",
    )


SCHEDULING_ERRORS = (*FOUND_PAYMENT_ERRORS, Reason.ALREADY_PROCESSED)

PAYMENT_EXECUTION_OPERATIONS = (
    Operation(
        method="POST",
        path="/payments/{id}/process",
        handler=process_payment,
        summary="Executes a payment: now money moves",
        scope=Scope.PAYMENTS_WRITE,
        answer=PaymentPayload,
        other_answer=QUEUED,
        action="processed",
        idempotent=True,
        errors=(
            *FOUND_PAYMENT_ERRORS,
            Reason.ALREADY_PROCESSED,
            Reason.UNAUTHORIZED_ACCESS,
            *ACCOUNT_RULE_ERRORS,
            Reason.ACCOUNT_NOT_FOUND,
            Reason.INSUFFICIENT_FUNDS,
            Reason.DAILY_LIMIT_EXCEEDED,
            Reason.DUPLICATE_TRANSACTION,
        ),
    ),
    Operation(
        method="POST",
        path="/payments/{id}/schedule",
        handler=schedule_payment,
        summary="Leaves a payment to a worker, now or later",
        body=ScheduleBody,
        scope=Scope.PAYMENTS_WRITE,
        answer=JobPayload,
        status=202,
        action="scheduled",
        metadata=SchedulingMetadata,
        idempotent=True,
        errors=(Reason.INVALID_PRIORITY, Reason.INVALID_SCHEDULE, *SCHEDULING_ERRORS),
    ),
    Operation(
        method="GET",
        path="/payments/{id}/job",
        handler=get_payment_job,
        summary="A payment's newest job",
        scope=Scope.PAYMENTS_READ,
        answer=JobPayload,
        errors=(*FOUND_PAYMENT_ERRORS, Reason.JOB_NOT_FOUND),
    ),
    Operation(
        method="DELETE",
        path="/payments/{id}/job",
        handler=cancel_payment_job,
        summary="Cancels a payment's job that no worker has begun",
        scope=Scope.PAYMENTS_WRITE,
        answer=JobPayload,
        errors=(*SCHEDULING_ERRORS, Reason.JOB_NOT_FOUND),
    ),
)
