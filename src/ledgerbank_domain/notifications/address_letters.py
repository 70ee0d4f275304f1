"""The letters about e-mail addresses and forgotten passwords."""

from collections.abc import Mapping

from ledgerbank_domain.notifications.letter_facts import instant
from ledgerbank_domain.notifications.mail_letter import Letter


def email_confirmation(params: Mapping[str, str]) -> Letter:
    """To an address that is to be confirmed, with the link that does it."""
    return Letter(
        subject="Confirm your e-mail address",
        opening="This address was given for a LedgerBank account. If it is yours, follow this link:",
        link=params["link"],
        facts=(("Good until", instant(params["expires_at"])),),
        advice="If you know nothing of it, do nothing: without the link nobody can use your address.",
    )


def password_reset(params: Mapping[str, str]) -> Letter:
    """To a user who may choose a new password, with the link that lets them."""
    return Letter(
        subject="Choose a new password",
        opening="A new password for your LedgerBank account was asked for. Choose it by this link:",
        link=params["link"],
        facts=(("Good until", instant(params["expires_at"])), ("Can be used", "once")),
        advice=(
            "If you did not ask for it, do nothing: your password stays as it is. Never pass the link on,"
            " not even to us."
        ),
    )


def registration_attempted(params: Mapping[str, str]) -> Letter:
    """To the owner of an address that somebody else gave, or they themselves."""
    return Letter(
        subject="Somebody gave your e-mail address as theirs",
        opening=(
            "Somebody wanted to use your e-mail address for a LedgerBank account of theirs. You have an"
            " account with it already, so nothing happened. If that was you, log in as ever, or choose a new"
            " password by this link:"
        ),
        link=params["link"],
        facts=(("Good until", instant(params["expires_at"])), ("Can be used", "once")),
        advice="If it was not you, there is nothing to do. Never pass the link on, not even to us.",
    )


def email_change_requested(params: Mapping[str, str]) -> Letter:
    """To an address that is to be given up."""
    return Letter(
        subject="Your e-mail address is about to be changed",
        opening=(
            "Another e-mail address was given for your LedgerBank account. It counts once it is confirmed."
        ),
        facts=(("New address", params["new_email"]), ("Asked for at", instant(params["requested_at"]))),
        advice=(
            "If this was not you, somebody else may be using your account: choose a new password at once,"
            " which also stops the change."
        ),
    )


def email_changed(params: Mapping[str, str]) -> Letter:
    """To an address that was given up."""
    return Letter(
        subject="Your e-mail address was changed",
        opening="Another e-mail address stands in place of this one in your LedgerBank account.",
        facts=(("New address", params["new_email"]), ("Changed at", instant(params["changed_at"]))),
        advice="If this was not you, somebody else may be using your account: contact support at once.",
    )
