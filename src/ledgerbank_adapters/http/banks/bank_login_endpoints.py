"""Bank logins: connecting them, looking at them, changing, syncing and disconnecting them."""

from uuid import UUID

from attrs import field, frozen

from ledgerbank_adapters.http.banks.bank_login_bodies import (
    BankConfirmationBody,
    BankLoginBody,
    BankLoginChangesBody,
)
from ledgerbank_adapters.http.banks.bank_login_payloads import (
    BankLoginPayload,
    FinishedConnectionPayload,
    StartedConnectionPayload,
    bank_login_payload,
    finished_connection_payload,
    started_connection_payload,
)
from ledgerbank_adapters.http.fields.field_types import UUID_FIELD, member_of
from ledgerbank_adapters.http.fields.paging_queries import OffsetQuery, offset_pagination
from ledgerbank_adapters.http.jobs.job_payloads import (
    JobPayload,
    SchedulingMetadata,
    job_payload,
    scheduling_metadata,
)
from ledgerbank_adapters.http.operations.http_operation import (
    Answer,
    Call,
    MessagePayload,
    Operation,
    OtherAnswer,
    Paging,
)
from ledgerbank_domain.banking.bank_login import BankLoginFilter, BankLoginStatus
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.scope import Scope

FOUND_LOGIN_ERRORS = (
    Reason.INVALID_UUID_FORMAT,
    Reason.BANK_LOGIN_NOT_FOUND,
    Reason.INSUFFICIENT_PERMISSIONS,
)
BANK_FAILURES = (Reason.TIMEOUT, Reason.SERVICE_UNAVAILABLE, Reason.BANK_API_ERROR)
RECONNECTED = 200


@frozen(kw_only=True)
class BankLoginListQuery(OffsetQuery):
    status: BankLoginStatus | None = field(
        default=None, metadata=member_of(BankLoginStatus, Reason.INVALID_STATUS).metadata
    )
    user_id: UUID | None = field(default=None, metadata=UUID_FIELD.metadata)


def list_bank_logins(call: Call[None, BankLoginListQuery]) -> Answer:
    query = call.query()
    wanted = BankLoginFilter(user_id=query.user_id or call.actor.required_user_id(), status=query.status)
    page = call.services.bank_logins.list_page(call.actor, wanted, request=query.page_request)
    return Answer(
        data=[bank_login_payload(login) for login in page.items], pagination=offset_pagination(page)
    )


def create_bank_login(call: Call[BankLoginBody, None]) -> Answer:
    """A login that is there and not ACTIVE is connected anew, with 200.

    The browser that goes to the address comes back from the bank to ``return_url``, or to a page of ours.
    Where it is shown a confirmation there, ``POST /bank-logins/{id}/confirm`` finishes the connection.
    """
    started = call.services.bank_connections.start(call.actor, call.body().new_login())
    data = started_connection_payload(started)
    if started.is_new:
        return Answer(data=data, location=f"/bank-logins/{started.login.id}")
    return Answer(data=data, status=RECONNECTED)


def get_bank_login(call: Call[None, None]) -> Answer:
    login = call.services.bank_logins.get(call.actor, login_id=call.path_id())
    return Answer(data=bank_login_payload(login))


def update_bank_login(call: Call[BankLoginChangesBody, None]) -> Answer:
    """INACTIVE pauses periodic syncs, ACTIVE resumes them."""
    login_id = call.path_id()
    changes = call.body().changes(named=call.named_fields)
    login = call.services.bank_logins.update(call.actor, login_id=login_id, changes=changes)
    return Answer(data=bank_login_payload(login))


def disconnect_bank_login(call: Call[None, None]) -> Answer:
    """Its tokens are erased, and revoked at the bank if that can be reached; accounts and ledger stay."""
    call.services.bank_logins.disconnect(call.actor, login_id=call.path_id())
    return Answer(data=MessagePayload(message="Bank login disconnected successfully"))


def confirm_bank_login(call: Call[BankConfirmationBody, None]) -> Answer:
    """Who began the connection shows that the browser that came back was theirs: five tries, ten minutes.

    Of several visits to the bank it finishes the one that was shown this confirmation.
    """
    login_id = call.path_id()
    finished = call.services.bank_connections.confirm(
        call.actor, login_id=login_id, confirmation=call.body().confirmation
    )
    return Answer(data=finished_connection_payload(finished))


def sync_bank_login(call: Call[None, None]) -> Answer:
    """A sync asked for less than 300 s ago is answered again."""
    scheduled = call.services.bank_logins.request_sync(call.actor, login_id=call.path_id())
    return Answer(
        data=job_payload(scheduled.job),
        metadata=scheduling_metadata(scheduled),
        location=f"/bank-logins/{scheduled.job.args['bank_login_id']}",
    )


BANK_LOGIN_OPERATIONS = (
    Operation(
        method="GET",
        path="/bank-logins",
        handler=list_bank_logins,
        summary="The caller's bank logins, newest first; anybody's for support and administrators",
        query=BankLoginListQuery,
        scope=Scope.BANKS_READ,
        answer=list[BankLoginPayload],
        paging=Paging.OFFSET,
        errors=(Reason.INVALID_STATUS, Reason.INVALID_UUID_FORMAT, Reason.INSUFFICIENT_PERMISSIONS),
    ),
    Operation(
        method="POST",
        path="/bank-logins",
        handler=create_bank_login,
        summary="Begins the connection to a bank: the customer consents at the address it answers with",
        body=BankLoginBody,
        scope=Scope.BANKS_WRITE,
        answer=StartedConnectionPayload,
        status=201,
        other_answer=OtherAnswer(status=RECONNECTED, answer=StartedConnectionPayload),
        errors=(
            Reason.INVALID_UUID_FORMAT,
            Reason.INVALID_FIELD_FORMAT,
            Reason.BANK_BRANCH_NOT_FOUND,
            Reason.BANK_INACTIVE,
            Reason.RESOURCE_ALREADY_EXISTS,
            *BANK_FAILURES,
        ),
    ),
    Operation(
        method="GET",
        path="/bank-logins/{id}",
        handler=get_bank_login,
        summary="A bank login",
        scope=Scope.BANKS_READ,
        answer=BankLoginPayload,
        errors=FOUND_LOGIN_ERRORS,
    ),
    Operation(
        method="PUT",
        path="/bank-logins/{id}",
        handler=update_bank_login,
        summary="Changes how often it is synced, pauses and resumes that",
        body=BankLoginChangesBody,
        scope=Scope.BANKS_WRITE,
        answer=BankLoginPayload,
        errors=(
            *FOUND_LOGIN_ERRORS,
            Reason.INVALID_FIELD_FORMAT,
            Reason.INVALID_STATUS,
            Reason.BANK_LOGIN_INACTIVE,
        ),
    ),
    Operation(
        method="DELETE",
        path="/bank-logins/{id}",
        handler=disconnect_bank_login,
        summary="Disconnects it from its bank",
        scope=Scope.BANKS_WRITE,
        answer=MessagePayload,
        errors=FOUND_LOGIN_ERRORS,
    ),
    Operation(
        method="POST",
        path="/bank-logins/{id}/confirm",
        handler=confirm_bank_login,
        summary="Finishes a connection whose consent came back from the bank",
        scope=Scope.BANKS_WRITE,
        body=BankConfirmationBody,
        answer=FinishedConnectionPayload,
        errors=(
            Reason.INVALID_UUID_FORMAT,
            Reason.BANK_LOGIN_NOT_FOUND,
            Reason.INVALID_CONFIRMATION,
            Reason.INVALID_OAUTH_STATE,
            Reason.BANK_CUSTOMER_CHANGED,
            Reason.BANK_INACTIVE,
            *BANK_FAILURES,
        ),
    ),
    Operation(
        method="POST",
        path="/bank-logins/{id}/sync",
        handler=sync_bank_login,
        summary="Leaves a sync with its bank to a worker",
        scope=Scope.BANKS_WRITE,
        answer=JobPayload,
        status=202,
        metadata=SchedulingMetadata,
        idempotent=True,
        errors=(*FOUND_LOGIN_ERRORS, Reason.BANK_INACTIVE, Reason.BANK_LOGIN_INACTIVE),
    ),
)
