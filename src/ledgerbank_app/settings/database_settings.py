"""The database and other stores."""

# ruff: noqa: RUF009 - every call of variable() makes a field of its own, of which attrs knows what to do.

from pathlib import Path

from attrs import frozen

from ledgerbank_app.settings.process_settings import ProcessSettings
from ledgerbank_app.settings.settings_parsers import (
    CATALOGUE_NAME,
    DATABASE_HOST,
    DATABASE_URL,
    DIRECTORY,
    NOT_BLANK,
    PASSWORD,
    whole_number,
)
from ledgerbank_app.settings.settings_variables import variable


@frozen(kw_only=True)
class DatabaseSettings:
    """``url`` begins with ``postgresql://``, also when ``DB_*`` variables were set.

    None asks for the embedded PostgreSQL.
    """

    url: str | None = variable(
        "DATABASE_URL",
        DATABASE_URL,
        required_in_production=True,
        secret=True,
        meaning=(
            "The PostgreSQL database; wins over `DB_*`. With neither it nor any of `DB_*` the product"
            " starts a PostgreSQL of its own in `LEDGERBANK_DATA_DIR`."
        ),
    )
    host: str = variable("DB_HOST", DATABASE_HOST, default="localhost", meaning="The database server.")
    port: int = variable("DB_PORT", whole_number(1, 65_535), default="5432", meaning="Its port.")
    user: str = variable("DB_USER", NOT_BLANK, default="postgres", meaning="The user to connect as.")
    password: str = variable(
        "DB_PASS", PASSWORD, default="postgres", secret=True, meaning="That user's password."
    )
    name: str = variable("DB_NAME", NOT_BLANK, default="ledgerbank_dev", meaning="The database's name.")
    house_bank_name: str = variable(
        "HOUSE_BANK_NAME",
        CATALOGUE_NAME,
        default="LedgerBank",
        meaning="What the bank is called at which accounts are opened here; `migrate` gives it this name.",
    )
    pool_size: int = variable(
        "POOL_SIZE",
        whole_number(1, 200),
        default="10",
        meaning=(
            "How many database connections each server process keeps for acting, and as many for reading; a"
            " single caller has at most a quarter of either. Passwords and jobs have theirs beside them."
        ),
    )
    postgres_binaries: Path | None = variable(
        "LEDGERBANK_PG_BIN",
        DIRECTORY,
        default_note="searched for",
        meaning="Where the embedded PostgreSQL's programs (`postgres`, `initdb`) are.",
    )

    @property
    def is_embedded(self) -> bool:
        """Whether the product runs a PostgreSQL of its own: it does where no URL is given."""
        return self.url is None


@frozen(kw_only=True)
class StorageSettings:
    """What it takes to reach the database, and no more."""

    process: ProcessSettings
    database: DatabaseSettings
