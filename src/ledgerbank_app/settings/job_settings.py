"""Who runs jobs, how many at once, and what delivers them."""

# ruff: noqa: RUF009 - every call of variable() makes a field of its own, of which attrs knows what to do.

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from attrs import frozen

from ledgerbank_app.settings.settings_parsers import JOB_BROKER, JOB_QUEUES, YES_OR_NO, days
from ledgerbank_app.settings.settings_variables import variable, variables_of


@frozen(kw_only=True)
class JobSettings:
    """``queues`` has how many workers every queue has, also those that the variable does not name."""

    queues: Mapping[str, int] = variable(
        "JOB_QUEUES",
        JOB_QUEUES,
        default="banking:3,payments:2,notifications:3,default:1",
        meaning=(
            "How many workers each queue has in a process that runs jobs; a queue that is not named keeps its"
            " default, and 0 leaves it to other processes. Each worker has a database connection of its own."
        ),
    )
    broker_url: str = variable(
        "BROKER_URL",
        JOB_BROKER,
        default="memory://",
        secret=True,
        meaning=(
            "What delivers jobs: each process to itself, or Redis or RabbitMQ to all of them. None of them"
            " can lose a job: the database keeps it."
        ),
    )
    run_in_server: bool = variable(
        "WORKER_IN_PROCESS",
        YES_OR_NO,
        default="false",
        default_note="`false`; `true` with `ledgerbank up`",
        meaning="Whether each server process runs jobs as well.",
    )
    retention: timedelta = variable(
        "JOB_RETENTION_DAYS",
        days(1, 365),
        default="7",
        meaning="How long finished jobs are kept.",
    )
    audit_retention: timedelta = variable(
        "AUDIT_RETENTION_DAYS",
        days(0, 36500),
        default="0",
        meaning=(
            "How long audit events are kept after they occurred; 0 keeps them for ever. Only what `ledgerbank"
            " audit export` has written is ever removed."
        ),
    )
    erasure_after: timedelta = variable(
        "ERASURE_AFTER_DAYS",
        days(0, 3650),
        default="30",
        meaning=(
            "How long after a user was deleted their name, e-mail and whatever else tells who they were are"
            " erased; until then an administrator can restore them. 0 erases nobody."
        ),
    )


def fill_unnamed_queues(values: dict[str, Any]) -> None:
    """A queue that the variable does not name has as many workers as by default."""
    default = variables_of(JobSettings)["queues"]
    values["queues"] = default.parser.read(default.default or "") | values["queues"]
