"""Registering, and administering users."""

from attrs import field, frozen

from ledgerbank_adapters.http.approvals.approval_payloads import ASKED_FOR, ASKING_ERRORS, asked_for
from ledgerbank_adapters.http.fields.field_types import ROLE, USER_STATUS
from ledgerbank_adapters.http.fields.paging_queries import (
    KeysetQuery,
    OffsetQuery,
    keyset_pagination,
    short_offset_pagination,
    sort_by,
)
from ledgerbank_adapters.http.operations.http_operation import (
    Access,
    Answer,
    Call,
    MessagePayload,
    NoKey,
    Operation,
    OtherAnswer,
    Paging,
    message_answer,
)
from ledgerbank_adapters.http.users.email_confirmation_endpoints import MAIL_SENT
from ledgerbank_adapters.http.users.user_bodies import NewUserBody, RegistrationBody, UserChangesBody
from ledgerbank_adapters.http.users.user_payloads import (
    UserPayload,
    UserStatsPayload,
    user_payload,
    user_stats_payload,
)
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.page import NEWEST_FIRST, Sort
from ledgerbank_domain.ports.repositories.user_repository import USER_SORT_FIELDS, UserFilter
from ledgerbank_domain.services.approvals.user_acts import user_creation, user_update
from ledgerbank_domain.users.user import User, UserStatus

REGISTRATION_ERRORS = (
    Reason.INVALID_EMAIL_FORMAT,
    Reason.INVALID_NAME_FORMAT,
    Reason.INVALID_PASSWORD_FORMAT,
    Reason.EMAIL_ALREADY_EXISTS,
)
CHANGE_ERRORS = (
    Reason.INVALID_EMAIL_FORMAT,
    Reason.INVALID_NAME_FORMAT,
    Reason.INVALID_ROLE,
    Reason.INVALID_STATUS,
    Reason.INSUFFICIENT_PERMISSIONS,
    Reason.EMAIL_ALREADY_EXISTS,
    Reason.LAST_ADMINISTRATOR,
)


# Where addresses are confirmed nobody learns whether anybody has one: a mail tells its owner what came of it.
APPLIED = OtherAnswer(status=202, answer=MessagePayload)


@frozen(kw_only=True)
class UserListQuery(OffsetQuery):
    status: UserStatus | None = field(default=None, metadata=USER_STATUS.metadata)
    role: Role | None = field(default=None, metadata=ROLE.metadata)
    sort: tuple[Sort, ...] = field(default=(NEWEST_FIRST,), metadata=sort_by(USER_SORT_FIELDS).metadata)


@frozen(kw_only=True)
class UserKeysetQuery(KeysetQuery):
    status: UserStatus | None = field(default=None, metadata=USER_STATUS.metadata)
    role: Role | None = field(default=None, metadata=ROLE.metadata)


def register(call: Call[RegistrationBody, None]) -> Answer:
    body = call.body()
    call.registrations.count(call.actor)
    user = call.services.registration.apply(call.actor, body.new_user())
    if user is not None:
        return _created(user)
    payload: MessagePayload = {"message": MAIL_SENT}
    return Answer(data=payload, status=APPLIED.status)


def create_user(call: Call[NewUserBody, None]) -> Answer:
    body, registration = call.body(), call.services.registration
    prepared = registration.prepare(call.actor, body.new_user(body.role))
    asked = call.services.approvals.ask_if_needed(call.actor, user_creation(prepared), reason=body.reason)
    if asked is not None:
        return asked_for(asked)
    return _created(registration.create_prepared(call.actor, prepared))


def list_users(call: Call[None, UserListQuery]) -> Answer:
    query = call.query()
    page = call.services.users.list_page(
        call.actor,
        UserFilter(status=query.status, role=query.role),
        sort=query.sort,
        request=query.page_request,
    )
    return Answer(data=[user_payload(user) for user in page.items], pagination=short_offset_pagination(page))


def list_users_by_key(call: Call[None, UserKeysetQuery]) -> Answer:
    query = call.query()
    page = call.services.users.list_keyset(
        call.actor, UserFilter(status=query.status, role=query.role), request=query.keyset_request()
    )
    return Answer(data=[user_payload(user) for user in page.items], pagination=keyset_pagination(page))


def user_stats(call: Call[None, None]) -> Answer:
    return Answer(data=user_stats_payload(call.services.users.stats(call.actor)))


def get_user(call: Call[None, None]) -> Answer:
    return Answer(data=user_payload(call.services.users.get(call.actor, user_id=call.path_id())))


def update_user(call: Call[UserChangesBody, None]) -> Answer:
    users, user_id = call.services.users, call.path_id()
    # An unknown user is 404 whatever the body says; the use-case looks again, under lock.
    users.check_known(call.actor, user_id=user_id)
    body = call.body()
    changes = body.changes()
    asked = call.services.approvals.ask_if_needed(
        call.actor, user_update(user_id, changes), reason=body.reason
    )
    if asked is not None:
        return asked_for(asked)
    return Answer(data=user_payload(users.update(call.actor, user_id=user_id, changes=changes)))


def delete_user(call: Call[None, None]) -> Answer:
    call.services.users.delete(call.actor, user_id=call.path_id())
    return message_answer("User deleted successfully")


def _created(user: User) -> Answer:
    return Answer(data=user_payload(user), location=f"/users/{user.id}")


USER_OPERATIONS = (
    Operation(
        method="POST",
        path="/users",
        handler=register,
        hashes_passwords=True,
        summary="Registers an ordinary user",
        access=Access.PUBLIC,
        counted_on_address=True,
        body=RegistrationBody,
        scope=NoKey.PUBLIC,
        answer=UserPayload,
        status=201,
        other_answer=APPLIED,
        errors=(*REGISTRATION_ERRORS, Reason.REGISTRATION_CLOSED),
    ),
    Operation(
        method="POST",
        path="/users/admin",
        handler=create_user,
        hashes_passwords=True,
        summary="Creates a user of any role",
        access=Access.ADMIN,
        body=NewUserBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=UserPayload,
        status=201,
        other_answer=ASKED_FOR,
        idempotent=True,
        errors=(*REGISTRATION_ERRORS, Reason.INVALID_ROLE, *ASKING_ERRORS),
    ),
    Operation(
        method="GET",
        path="/users",
        handler=list_users,
        summary="Users by page; deleted ones only when asked for by status",
        access=Access.ADMIN,
        query=UserListQuery,
        scope=NoKey.SESSIONS_ONLY,
        answer=list[UserPayload],
        paging=Paging.SHORT_OFFSET,
        errors=(Reason.INVALID_STATUS, Reason.INVALID_ROLE, Reason.INVALID_SORT),
    ),
    Operation(
        method="GET",
        path="/users/keyset",
        handler=list_users_by_key,
        summary="Users by cursor, newest first; deleted ones only when asked for by status",
        access=Access.ADMIN,
        query=UserKeysetQuery,
        scope=NoKey.SESSIONS_ONLY,
        answer=list[UserPayload],
        paging=Paging.KEYSET,
        errors=(Reason.INVALID_STATUS, Reason.INVALID_ROLE, Reason.INVALID_CURSOR),
    ),
    Operation(
        method="GET",
        path="/users/stats",
        handler=user_stats,
        summary="How many users there are",
        access=Access.ADMIN,
        scope=NoKey.SESSIONS_ONLY,
        answer=UserStatsPayload,
    ),
    Operation(
        method="GET",
        path="/users/{id}",
        handler=get_user,
        summary="One user, also a deleted one",
        access=Access.ADMIN,
        scope=NoKey.SESSIONS_ONLY,
        answer=UserPayload,
        errors=(Reason.INVALID_UUID_FORMAT, Reason.USER_NOT_FOUND),
    ),
    Operation(
        method="PUT",
        path="/users/{id}",
        handler=update_user,
        summary="Changes a user; status DELETED deletes them, ACTIVE restores them unless they were erased",
        access=Access.ADMIN,
        body=UserChangesBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=UserPayload,
        other_answer=ASKED_FOR,
        errors=(
            Reason.INVALID_UUID_FORMAT,
            Reason.USER_NOT_FOUND,
            Reason.ALREADY_PROCESSED,
            *CHANGE_ERRORS,
            *ASKING_ERRORS,
        ),
    ),
    Operation(
        method="DELETE",
        path="/users/{id}",
        handler=delete_user,
        summary="Deletes a user: they can no longer log in, their ledger stays",
        access=Access.ADMIN,
        scope=NoKey.SESSIONS_ONLY,
        answer=MessagePayload,
        errors=(Reason.INVALID_UUID_FORMAT, Reason.USER_NOT_FOUND, Reason.LAST_ADMINISTRATOR),
    ),
)
