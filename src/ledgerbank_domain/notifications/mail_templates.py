"""The letters that users get, one function each, and the table that finds them."""

from collections.abc import Callable, Mapping

from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.notifications import address_letters, second_factor_letters, session_letters
from ledgerbank_domain.notifications.letter_facts import instant
from ledgerbank_domain.notifications.mail_letter import Letter
from ledgerbank_domain.notifications.notification import NotificationTemplate

Params = Mapping[str, str]

RECONNECT = "LedgerBank can no longer read from this bank. Log in and connect the bank again to change that."
WILL_TRY_AGAIN = (
    "LedgerBank goes on trying. If your accounts are not up to date tomorrow, log in and connect it again."
)
_RECONNECTING_HELPS = frozenset(
    {Reason.BANK_CONSENT_REQUIRED.code, Reason.AUTHORIZATION_DENIED.code, Reason.BANK_LOGIN_INACTIVE.code}
)


def letter_of(template: NotificationTemplate, params: Params) -> Letter:
    """The letter that a template becomes with these parameters, in English and with times in UTC.

    Raises ``KeyError`` when a parameter is missing, and ``ValueError`` when an instant is not one.
    """
    return _LETTERS[template](params)


def _password_changed(params: Params) -> Letter:
    return Letter(
        subject="Your password was changed",
        opening="The password of your LedgerBank account was changed, and you were logged out everywhere.",
        facts=(("Changed at", instant(params["changed_at"])),),
        advice="If this was not you, somebody else may be using your account: contact support at once.",
    )


def _logins_failed(params: Params) -> Letter:
    return Letter(
        subject="Somebody failed to log in to your account",
        opening=(
            "Several times within a quarter of an hour somebody tried to log in to your LedgerBank account"
            " with a wrong password. Nobody got in by that, and further tries are slowed down."
        ),
        facts=(
            ("Last tried at", instant(params["failed_at"])),
            ("From", params["ip"] or "an unknown address"),
        ),
        advice=(
            "If that was you, there is nothing to do. If not, see that your password is long and used nowhere"
            " else, and change it if you are in doubt. Today there will be no further mail about this."
        ),
    )


def _api_key_created(params: Params) -> Letter:
    return Letter(
        subject="An API key was made for your account",
        opening="Whoever has it may act for you at LedgerBank, within its scopes and without your password.",
        facts=(
            ("Name", params["name"]),
            ("Scopes", params["scopes"]),
            ("Made at", instant(params["created_at"])),
            ("From", params["ip"] or "an unknown address"),
            ("Expires at", instant(params["expires_at"])),
        ),
        advice=(
            "If this was not you, somebody else is using your account: change your password, which ends every"
            " key and session."
        ),
    )


def _payment_completed(params: Params) -> Letter:
    return Letter(
        subject="Your payment is complete",
        opening="A payment of yours has been carried out.",
        facts=(*_payment_facts(params), ("Completed at", instant(params["at"]))),
        advice="You find it among the payments and transactions of your account.",
    )


def _payment_failed(params: Params) -> Letter:
    return Letter(
        subject="Your payment could not be carried out",
        opening="A payment of yours failed. No money has moved.",
        facts=(
            *_payment_facts(params),
            ("Reason", _message_of(params["reason"])),
            ("Failed at", instant(params["at"])),
        ),
        advice="Once the reason is gone you can make the payment again.",
    )


def _bank_login_needs_attention(params: Params) -> Letter:
    return Letter(
        subject="Your bank connection needs attention",
        opening="Your accounts at another bank could not be brought up to date.",
        facts=(
            ("Bank", params["bank_name"]),
            ("User name there", params["username"]),
            ("Reason", _message_of(params["reason"])),
            ("Failed at", instant(params["failed_at"])),
        ),
        advice=RECONNECT if params["reason"] in _RECONNECTING_HELPS else WILL_TRY_AGAIN,
    )


def _bank_access_not_ended(params: Params) -> Letter:
    return Letter(
        subject="Your bank has not confirmed that our access is over",
        opening=(
            "You disconnected a bank. LedgerBank reads nothing there any more, but the bank did not confirm"
            " that the access it had given us is over."
        ),
        facts=(
            ("Bank", params["bank_name"]),
            ("User name there", params["username"]),
            ("Disconnected at", instant(params["disconnected_at"])),
            ("Reason", _message_of(params["reason"])),
        ),
        advice="To be sure, take the access of LedgerBank back in the app or on the pages of your bank.",
    )


def _payment_facts(params: Params) -> tuple[tuple[str, str], ...]:
    out = params["direction"] == Direction.DEBIT.value
    return (
        ("Amount", f"{params['amount']} {params['currency']}"),
        ("Direction", "out of your account" if out else "into your account"),
        ("Description", params["description"]),
        ("Payment", params["payment_id"]),
    )


def _message_of(code: str) -> str:
    """The catalog's text for a reason; a job may have been stored by another version of the catalog."""
    for reason in Reason:
        if reason.code == code:
            return reason.message
    return Reason.INTERNAL_SERVER_ERROR.message


_LETTERS: Mapping[NotificationTemplate, Callable[[Params], Letter]] = {
    NotificationTemplate.PASSWORD_CHANGED: _password_changed,
    NotificationTemplate.LOGINS_FAILED: _logins_failed,
    NotificationTemplate.LOGIN_FROM_NEW_DEVICE: session_letters.login_from_new_device,
    NotificationTemplate.SESSIONS_ENDED: session_letters.sessions_ended,
    NotificationTemplate.SECOND_FACTOR_ADDED: second_factor_letters.second_factor_added,
    NotificationTemplate.SECOND_FACTOR_REMOVED: second_factor_letters.second_factor_removed,
    NotificationTemplate.RECOVERY_CODES_RENEWED: second_factor_letters.recovery_codes_renewed,
    NotificationTemplate.RECOVERY_CODE_USED: second_factor_letters.recovery_code_used,
    NotificationTemplate.SECOND_FACTOR_GUESSED: second_factor_letters.second_factor_guessed,
    NotificationTemplate.API_KEY_CREATED: _api_key_created,
    NotificationTemplate.EMAIL_CONFIRMATION: address_letters.email_confirmation,
    NotificationTemplate.PASSWORD_RESET: address_letters.password_reset,
    NotificationTemplate.REGISTRATION_ATTEMPTED: address_letters.registration_attempted,
    NotificationTemplate.EMAIL_CHANGE_REQUESTED: address_letters.email_change_requested,
    NotificationTemplate.EMAIL_CHANGED: address_letters.email_changed,
    NotificationTemplate.PAYMENT_COMPLETED: _payment_completed,
    NotificationTemplate.PAYMENT_FAILED: _payment_failed,
    NotificationTemplate.BANK_LOGIN_NEEDS_ATTENTION: _bank_login_needs_attention,
    NotificationTemplate.BANK_ACCESS_NOT_ENDED: _bank_access_not_ended,
}
