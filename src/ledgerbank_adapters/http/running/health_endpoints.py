"""Whether the process is alive, ready, and well. Their answers are not wrapped in the envelope."""

import logging
from typing import Literal, TypedDict

from ledgerbank_adapters.http.fields.wire_values import WireInstant
from ledgerbank_adapters.http.operations.http_health import HealthProbes
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, NoKey, Operation

API_VERSION = "1.0.0"
UNAVAILABLE = 503

CheckResult = Literal["ok", "warning", "error"]
logger = logging.getLogger(__name__)


class HealthPayload(TypedDict):
    status: str
    timestamp: WireInstant
    version: str
    uptime: int


class DetailedHealthChecks(TypedDict):
    database: CheckResult
    schema: CheckResult
    memory: CheckResult
    disk: CheckResult


class DetailedHealthPayload(HealthPayload):
    checks: DetailedHealthChecks


class ReadinessChecks(TypedDict):
    database: CheckResult
    application: CheckResult


class ReadinessPayload(TypedDict):
    status: str
    timestamp: WireInstant
    checks: ReadinessChecks


class LivenessPayload(TypedDict):
    status: str
    timestamp: WireInstant
    uptime: int


def health(call: Call[None, None]) -> Answer:
    return Answer(data=_health(call, status="ok"))


def detailed_health(call: Call[None, None]) -> Answer:
    probes = call.host.health
    database = _database_answers(probes)
    checks: DetailedHealthChecks = {
        "database": "ok" if database else "error",
        # Without a database nobody can tell; that is an error already.
        "schema": "ok" if not database or _migrations_are_current(probes) else "error",
        "memory": "ok" if probes.memory_is_within_limit() else "warning",
        "disk": "ok" if probes.disk_has_space() else "warning",
    }
    well = all(check == "ok" for check in checks.values())
    payload: DetailedHealthPayload = {
        **_health(call, status="ok" if well else "degraded"),
        "checks": checks,
    }
    return Answer(data=payload, status=None if well else UNAVAILABLE)


def readiness(call: Call[None, None]) -> Answer:
    probes = call.host.health
    database = _database_answers(probes)
    # Without a database nobody can tell how far its migrations are.
    application = not probes.is_draining() and (not database or _migrations_are_current(probes))
    payload: ReadinessPayload = {
        "status": "ready" if database and application else "not_ready",
        "timestamp": call.received_at,
        "checks": {
            "database": "ok" if database else "error",
            "application": "ok" if application else "error",
        },
    }
    return Answer(data=payload, status=None if database and application else UNAVAILABLE)


def liveness(call: Call[None, None]) -> Answer:
    payload: LivenessPayload = {
        "status": "alive",
        "timestamp": call.received_at,
        "uptime": call.host.health.uptime_milliseconds(),
    }
    return Answer(data=payload)


def _health(call: Call[None, None], *, status: str) -> HealthPayload:
    return {
        "status": status,
        "timestamp": call.received_at,
        "version": API_VERSION,
        "uptime": call.host.health.uptime_milliseconds(),
    }


def _database_answers(probes: HealthProbes) -> bool:
    try:
        return probes.database_answers()
    except Exception:
        logger.exception("the database does not answer")
        return False


def _migrations_are_current(probes: HealthProbes) -> bool:
    try:
        return probes.migrations_are_current()
    except Exception:
        logger.exception("the migrations cannot be looked up")
        return False


HEALTH_OPERATIONS = (
    Operation(
        method="GET",
        path="/health",
        handler=health,
        summary="Tells that the process answers",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=HealthPayload,
        wrapped=False,
        blocking=False,
    ),
    Operation(
        method="GET",
        path="/health/detailed",
        handler=detailed_health,
        summary="Checks database, schema, memory and disk",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=DetailedHealthPayload,
        wrapped=False,
        unwell_status=UNAVAILABLE,
    ),
    Operation(
        method="GET",
        path="/health/ready",
        handler=readiness,
        summary="Tells whether requests may be sent here",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=ReadinessPayload,
        wrapped=False,
        unwell_status=UNAVAILABLE,
    ),
    Operation(
        method="GET",
        path="/health/live",
        handler=liveness,
        summary="Tells that the process need not be restarted",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=LivenessPayload,
        wrapped=False,
        blocking=False,
    ),
)
