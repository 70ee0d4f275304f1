"""The letters about sessions."""

from collections.abc import Mapping

from ledgerbank_domain.notifications.letter_facts import instant
from ledgerbank_domain.notifications.mail_letter import Letter


def login_from_new_device(params: Mapping[str, str]) -> Letter:
    """A client that the user never logged in with before."""
    return Letter(
        subject="A login from a new device",
        opening=(
            "Somebody logged in to your LedgerBank account with a device, or from a place, that is new to us."
        ),
        facts=(
            ("Device", params["device"]),
            ("From", params["ip"] or "an unknown address"),
            ("Logged in at", instant(params["logged_in_at"])),
        ),
        advice=(
            "If this was you, there is nothing to do. If not, somebody knows your password: change it at"
            " once, which also ends every session. A device is called what it says of itself."
        ),
    )


def sessions_ended(params: Mapping[str, str]) -> Letter:
    """An administrator logged the user out."""
    return Letter(
        subject="You were logged out",
        opening="An administrator has ended sessions of your LedgerBank account.",
        facts=(("Ended at", instant(params["ended_at"])),),
        advice="You can log in again. If you do not know why this was done, ask support.",
    )
