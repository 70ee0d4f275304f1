"""Bank logins as JSON shows them: everything but tokens and leases."""

from typing import Annotated, TypedDict

from ledgerbank_adapters.http.fields.wire_values import (
    WireId,
    WireInstant,
    optional_wire_instant,
    wire_id,
    wire_instant,
)
from ledgerbank_domain.audit.redaction import redacted
from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginStatus, LoginError
from ledgerbank_domain.banking.feed_warning import FeedFault, FeedWarning, RecordKind
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import JobState
from ledgerbank_domain.services.bank_connections.bank_connection_service import StartedConnection
from ledgerbank_domain.services.bank_connections.bank_webhook_service import ReceivedWebhook
from ledgerbank_domain.services.bank_connections.code_redemption import FinishedConnection
from ledgerbank_domain.services.bank_connections.oauth_visits import KeptAnswer


class LoginErrorPayload(TypedDict):
    """Why the last sync failed, or what it had to leave out."""

    reason: Annotated[str, Reason]
    message: str
    at: WireInstant


class FeedWarningPayload(TypedDict):
    """Something of the bank's feed that the last sync could not take as it came; the next one tries again.

    ``external_id`` is the bank's id, of an account or of a movement on the account of
    ``external_account_id``. ``why``: ``adjusted`` says that what was left out stands in the account's balance
    as an adjustment, ``vanished`` that the bank no longer lists a movement that was booked, ``no_webhook``
    that the bank will not tell of news of the account, the others what is wrong with the ``field`` of a
    record that was left out.
    """

    kind: Annotated[str, RecordKind]
    external_account_id: str | None
    external_id: str | None
    field: str
    why: Annotated[str, FeedFault]
    at: WireInstant


class BankLoginPayload(TypedDict):
    """``connected``: there are tokens. ``scope`` are words with spaces between them.

    ``sync_frequency`` is in seconds. ``put_off_until``: the bank does not want to be asked before then, and
    ``last_error`` says why. ``ending_since``: it was disconnected then, and the bank has yet to confirm that
    the access is over; it is asked until it does.
    """

    id: WireId
    user_id: WireId
    bank_branch_id: WireId
    username: str
    status: Annotated[str, BankLoginStatus]
    connected: bool
    sync_frequency: int
    last_sync_at: WireInstant | None
    put_off_until: WireInstant | None
    ending_since: WireInstant | None
    token_expires_at: WireInstant | None
    scope: str
    provider_user_id: str | None
    last_error: LoginErrorPayload | None
    warnings: list[FeedWarningPayload]
    inserted_at: WireInstant
    updated_at: WireInstant


class StartedConnectionPayload(TypedDict):
    """The customer's browser goes to ``authorization_url`` within ten minutes; it is good for one use."""

    bank_login: BankLoginPayload
    authorization_url: str


class ConnectedLoginPayload(TypedDict):
    id: WireId
    status: Annotated[str, BankLoginStatus]


class FirstSyncPayload(TypedDict):
    id: WireId
    state: Annotated[str, JobState]


class FinishedConnectionPayload(TypedDict):
    """``job`` is the first sync."""

    bank_login: ConnectedLoginPayload
    job: FirstSyncPayload


class KeptAnswerPayload(TypedDict):
    """A connection that waits for who began it to confirm it, until ``expires_at``.

    ``confirmation`` is six characters, to be sent to ``POST /bank-logins/{id}/confirm``. ``joins`` is the
    masked e-mail of the user whose login it will be.
    """

    bank_login: ConnectedLoginPayload
    confirmation: str
    joins: str
    expires_at: WireInstant


class ReceivedWebhookPayload(TypedDict):
    """``duplicate``: it had come before. ``ignored``: it is about nothing that is to be synced now."""

    received: bool
    duplicate: bool
    ignored: bool


def bank_login_payload(login: BankLogin) -> BankLoginPayload:
    return {
        "id": wire_id(login.id),
        "user_id": wire_id(login.user_id),
        "bank_branch_id": wire_id(login.bank_branch_id),
        "username": login.username,
        "status": login.status.value,
        "connected": login.is_connected,
        "sync_frequency": login.sync_frequency,
        "last_sync_at": optional_wire_instant(login.last_sync_at),
        "put_off_until": optional_wire_instant(login.put_off_until),
        "ending_since": optional_wire_instant(login.ending_since),
        "token_expires_at": optional_wire_instant(login.token_expires_at),
        "scope": " ".join(login.scope),
        "provider_user_id": login.provider_user_id,
        "last_error": None if login.last_error is None else _login_error_payload(login.last_error),
        "warnings": [_warning_payload(warning) for warning in login.warnings],
        "inserted_at": wire_instant(login.inserted_at),
        "updated_at": wire_instant(login.updated_at),
    }


def started_connection_payload(started: StartedConnection) -> StartedConnectionPayload:
    return {
        "bank_login": bank_login_payload(started.login),
        "authorization_url": started.authorization_url,
    }


def finished_connection_payload(finished: FinishedConnection) -> FinishedConnectionPayload:
    login, job = finished.login, finished.job
    return {
        "bank_login": {"id": wire_id(login.id), "status": login.status.value},
        "job": {"id": wire_id(job.id), "state": job.state.value},
    }


def kept_answer_payload(kept: KeptAnswer) -> KeptAnswerPayload:
    login = kept.visit.login
    return {
        "bank_login": {"id": wire_id(login.id), "status": login.status.value},
        "confirmation": kept.confirmation,
        "joins": kept.visit.joins,
        "expires_at": wire_instant(kept.expires_at),
    }


def received_webhook_payload(received: ReceivedWebhook) -> ReceivedWebhookPayload:
    return {"received": True, "duplicate": received.duplicate, "ignored": received.ignored}


def _warning_payload(warning: FeedWarning) -> FeedWarningPayload:
    return {
        "kind": warning.kind.value,
        "external_account_id": warning.external_account_id,
        "external_id": warning.external_id,
        "field": warning.field,
        "why": warning.why.value,
        "at": wire_instant(warning.at),
    }


def _login_error_payload(error: LoginError) -> LoginErrorPayload:
    return {
        "reason": error.reason.code,
        "message": redacted(error.message),
        "at": wire_instant(error.at),
    }
