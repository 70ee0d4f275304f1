"""Payees: accounts of others whom the caller trusts."""

from uuid import UUID

from attrs import field, frozen

from ledgerbank_adapters.http.fields.field_types import PAYEE_NAME, UUID_FIELD
from ledgerbank_adapters.http.fields.paging_queries import OffsetQuery, offset_pagination
from ledgerbank_adapters.http.operations.http_operation import (
    Answer,
    Call,
    MessagePayload,
    NoKey,
    Operation,
    Paging,
)
from ledgerbank_adapters.http.payments.payee_payloads import PayeePayload, payee_payload
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.payments.payee import NewPayee


@frozen(kw_only=True)
class PayeeBody:
    counterparty_account_id: UUID = field(metadata=UUID_FIELD.metadata)
    name: str = field(metadata=PAYEE_NAME.metadata)


def list_payees(call: Call[None, OffsetQuery]) -> Answer:
    page = call.services.payees.list_page(call.actor, request=call.query().page_request)
    return Answer(data=[payee_payload(payee) for payee in page.items], pagination=offset_pagination(page))


def add_payee(call: Call[PayeeBody, None]) -> Answer:
    body = call.body()
    payee = call.services.payees.add(
        call.actor, NewPayee(counterparty_account_id=body.counterparty_account_id, name=body.name)
    )
    return Answer(data=payee_payload(payee))


def remove_payee(call: Call[None, None]) -> Answer:
    call.services.payees.remove(call.actor, payee_id=call.path_id())
    return Answer(data=MessagePayload(message="Payee removed successfully"))


PAYEE_OPERATIONS = (
    Operation(
        method="GET",
        path="/payees",
        handler=list_payees,
        summary="The caller's payees, newest first",
        query=OffsetQuery,
        scope=Scope.PAYMENTS_READ,
        answer=list[PayeePayload],
        paging=Paging.OFFSET,
    ),
    Operation(
        method="POST",
        path="/payees",
        handler=add_payee,
        summary="Trusts an account of somebody else, so that a first payment to it need not be confirmed",
        body=PayeeBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=PayeePayload,
        status=201,
        errors=(
            Reason.INVALID_UUID_FORMAT,
            Reason.INVALID_NAME_FORMAT,
            Reason.INVALID_COUNTERPARTY,
            Reason.ACCOUNT_NOT_FOUND,
            Reason.RESOURCE_ALREADY_EXISTS,
            Reason.STEP_UP_REQUIRED,
        ),
    ),
    Operation(
        method="DELETE",
        path="/payees/{id}",
        handler=remove_payee,
        summary="Trusts the account no more",
        scope=NoKey.SESSIONS_ONLY,
        answer=MessagePayload,
        errors=(Reason.INVALID_UUID_FORMAT, Reason.RESOURCE_NOT_FOUND),
    ),
)
