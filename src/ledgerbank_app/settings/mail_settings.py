"""How mails are sent."""

# ruff: noqa: RUF009 - every call of variable() makes a field of its own, of which attrs knows what to do.

from attrs import frozen

from ledgerbank_adapters.smtp import SmtpServer
from ledgerbank_app.settings.settings_parsers import (
    MAIL_ADDRESS,
    SMTP_SERVER,
)
from ledgerbank_app.settings.settings_variables import variable


@frozen(kw_only=True)
class MailSettings:
    """``server`` is None when mails go to the development mailbox."""

    server: SmtpServer | None = variable(
        "SMTP_URL",
        SMTP_SERVER,
        secret=True,
        meaning=(
            "The server that sends mails; user and password may be left out. Without it mails are only kept"
            " in the development mailbox, a table."
        ),
    )
    sender: str = variable(
        "MAIL_FROM",
        MAIL_ADDRESS,
        default="ledgerbank@localhost",
        meaning="The address that mails come from.",
    )
