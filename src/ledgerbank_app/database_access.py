"""Which database a command works on: the configured one, or the product's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from ledgerbank_adapters.embedded_postgres import EmbeddedPostgres
from ledgerbank_app.settings.database_settings import StorageSettings
from ledgerbank_app.settings.settings import Settings

EMBEDDED_DATABASE = "ledgerbank"


@contextmanager
def open_database(settings: Settings | StorageSettings) -> Iterator[str]:
    """The URL of a database that answers while the context lasts.

    Starts the embedded PostgreSQL when none is configured, or joins it when another process runs it.
    Raises EmbeddedPostgresError.
    """
    if settings.database.url is not None:
        yield settings.database.url
        return
    server = EmbeddedPostgres(settings.process.data_dir, bin_dir=settings.database.postgres_binaries)
    with server:
        server.create_database(EMBEDDED_DATABASE)
        yield server.url(EMBEDDED_DATABASE)
