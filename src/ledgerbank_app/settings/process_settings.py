"""The process itself: where it runs, where it keeps its files, what it logs."""

# ruff: noqa: RUF009 - every call of variable() makes a field of its own, of which attrs knows what to do.

from enum import Enum
from pathlib import Path

from attrs import frozen

from ledgerbank_app.settings.settings_parsers import (
    DIRECTORY,
    one_of,
)
from ledgerbank_app.settings.settings_variables import variable


class AppEnvironment(Enum):
    """Where the product runs. Only PRODUCTION refuses what is merely convenient."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


@frozen(kw_only=True)
class ProcessSettings:
    """Where the process runs, where it keeps its files, and what it logs."""

    environment: AppEnvironment = variable(
        "APP_ENV",
        one_of("development", "test", "production").map(AppEnvironment),
        default="development",
        meaning="Where the product runs; production is strict.",
    )
    data_dir: Path = variable(
        "LEDGERBANK_DATA_DIR",
        DIRECTORY,
        default="./.ledgerbank",
        meaning="Holds the embedded database and generated development secrets.",
    )
    log_level: str = variable(
        "LOG_LEVEL",
        one_of("debug", "info", "warning", "error"),
        default="info",
        meaning="Quieter than this is not logged.",
    )
