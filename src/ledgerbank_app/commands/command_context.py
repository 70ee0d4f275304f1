"""What every subcommand that works on the database begins with."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

from ledgerbank_app.composition import Application, compose_application
from ledgerbank_app.database_access import open_database
from ledgerbank_app.settings.settings import Settings
from ledgerbank_app.settings.settings_loading import load_settings


class CommandRefused(Exception):  # noqa: N818 - a refusal, with the reason as its message
    """The command may not or cannot run now; the message says what to do."""


@contextmanager
def opened_up_to_date(settings: Settings | None = None) -> Iterator[Application]:
    """The product over the database of the settings, or of the environment's, while the context lasts.

    Raises CommandRefused when the schema is not the newest.
    """
    settings = settings or load_settings(os.environ)
    with (
        open_database(settings) as database_url,
        closing(compose_application(settings, database_url=database_url)) as application,
    ):
        if not application.database.is_up_to_date():
            raise CommandRefused("The schema is not up to date: run 'ledgerbank migrate' first.")
        yield application
