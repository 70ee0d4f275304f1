"""What a process of ours logs, and how."""

import logging


def configure_logging(level: str) -> None:
    """Logs to standard error from this level on: debug, info, warning or error."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # It tells at every readiness check which database it looks at.
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)
    logging.getLogger("dramatiq").setLevel(logging.WARNING)
    # It tells of every call to a bank; what became of those is counted.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").addFilter(_WithoutQueries())
    # It tells of every connection with a traceback; the workers tell when the broker is away.
    logging.getLogger("pika").setLevel(logging.CRITICAL)


class _WithoutQueries(logging.Filter):
    """Takes the query off paths: a bank sends codes and tokens there."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                each.partition("?")[0] if isinstance(each, str) else each for each in record.args
            )
        return True
