"""The letters about second factors."""

from collections.abc import Mapping

from ledgerbank_domain.notifications.letter_facts import instant
from ledgerbank_domain.notifications.mail_letter import Letter

NOT_YOU = "If this was not you, somebody else may be using your account: contact support at once."


def second_factor_added(params: Mapping[str, str]) -> Letter:
    """Logging in asks for it from now on."""
    where = (
        "Another authenticator app took the place of the one" if params["replaced"] else "An app was added"
    )
    tail = " that you had" if params["replaced"] else ""
    return Letter(
        subject="Your second factor was set up",
        opening=f"{where}{tail}: logging in to LedgerBank asks for a code of it from now on.",
        facts=_facts("Set up at", params),
        advice=f"Keep the recovery codes that you were shown in a safe place. {NOT_YOU}",
    )


def second_factor_removed(params: Mapping[str, str]) -> Letter:
    """A password is enough from now on."""
    who = "An administrator of LedgerBank" if params["by_administrator"] else "Somebody logged in as you"
    return Letter(
        subject="Your second factor was removed",
        opening=f"{who} removed your second factor: logging in takes your password alone now.",
        facts=_facts("Removed at", params),
        advice=f"You can set up a new one at any time. {NOT_YOU}",
    )


def recovery_codes_renewed(params: Mapping[str, str]) -> Letter:
    """The codes from before count no more."""
    return Letter(
        subject="You have new recovery codes",
        opening="New recovery codes were made for your LedgerBank account. Those from before count no more.",
        facts=_facts("Made at", params),
        advice=NOT_YOU,
    )


def recovery_code_used(params: Mapping[str, str]) -> Letter:
    """One of a few is gone."""
    return Letter(
        subject="A recovery code was used",
        opening="One of your recovery codes was used in place of a code of your authenticator app.",
        facts=(*_facts("Used at", params), ("Recovery codes left", params["left"])),
        advice=f"Have new ones made before they run out. {NOT_YOU}",
    )


def second_factor_guessed(params: Mapping[str, str]) -> Letter:
    """The password is known to whoever guesses."""
    consequence = (
        "Codes of your app are not taken any more until you use a recovery code."
        if params["blocked"]
        else "Nobody got in by that, and further tries are slowed down."
    )
    return Letter(
        subject="Somebody with your password failed at your second factor",
        opening=(
            "Somebody who knows your LedgerBank password sent wrong codes several times in a row. "
            + consequence
        ),
        facts=_facts("Last tried at", params),
        advice="If that was not you, change your password at once: somebody else knows it.",
    )


def _facts(label: str, params: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    where = (("From", params["ip"]),) if params["ip"] else ()
    return ((label, instant(params["at"])), *where)
