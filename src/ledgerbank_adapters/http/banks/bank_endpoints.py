"""The catalogue of banks: everybody reads it, administrators write it."""

from typing import Any
from uuid import UUID

from attrs import field, fields, frozen

from ledgerbank_adapters.http.banks.bank_payloads import (
    BankPayload,
    BranchPayload,
    bank_payload,
    branch_payload,
)
from ledgerbank_adapters.http.fields.banking_field_types import (
    BANK_CODE,
    BANK_NAME,
    BANK_STATUS,
    BIC,
    COUNTRY,
    COUNTRY_FILTER,
    IBAN,
    INTEGRATION_MODULE,
    ROUTING_NUMBER,
    WEB_ADDRESS,
)
from ledgerbank_adapters.http.fields.paging_queries import OffsetQuery, offset_pagination, sort_by
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, NoKey, Operation, Paging
from ledgerbank_domain.banking.bank import (
    CLEARABLE_BANK_FIELDS,
    Bank,
    BankChanges,
    BankFilter,
    BankStatus,
    BranchFilter,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import Sort
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.ports.repositories.bank_repository import BANK_SORT_FIELDS
from ledgerbank_domain.services.banks.bank_service import BY_NAME, NewBank, NewBranch

BANK_ERRORS = (
    Reason.INVALID_NAME_FORMAT,
    Reason.INVALID_FIELD_FORMAT,
    Reason.INVALID_STATUS,
    Reason.RESOURCE_ALREADY_EXISTS,
)
FOUND_BANK_ERRORS = (Reason.INVALID_UUID_FORMAT, Reason.BANK_NOT_FOUND)


@frozen(kw_only=True)
class BankListQuery(OffsetQuery):
    country: str | None = field(default=None, metadata=COUNTRY_FILTER.metadata)
    status: BankStatus | None = field(default=None, metadata=BANK_STATUS.metadata)
    sort: tuple[Sort, ...] = field(default=BY_NAME, metadata=sort_by(BANK_SORT_FIELDS).metadata)


@frozen(kw_only=True)
class BranchListQuery(OffsetQuery):
    country: str | None = field(default=None, metadata=COUNTRY_FILTER.metadata)


@frozen(kw_only=True)
class BankBody:
    name: str = field(metadata=BANK_NAME.metadata)
    country: str = field(metadata=COUNTRY.metadata)
    code: str = field(metadata=BANK_CODE.metadata)
    logo_url: str | None = field(default=None, metadata=WEB_ADDRESS.metadata)
    api_endpoint: str | None = field(default=None, metadata=WEB_ADDRESS.metadata)
    status: BankStatus = field(default=BankStatus.ACTIVE, metadata=BANK_STATUS.metadata)
    integration_module: str | None = field(default=None, metadata=INTEGRATION_MODULE.metadata)

    def new_bank(self) -> NewBank:
        return NewBank(
            name=self.name,
            country=self.country,
            code=self.code,
            logo_url=self.logo_url,
            api_endpoint=self.api_endpoint,
            status=self.status,
            integration_module=self.integration_module,
        )


@frozen(kw_only=True)
class BankChangesBody:
    """Any of the fields; null takes the addresses and the gateway away and leaves the others as they are."""

    name: str | None = field(default=None, metadata=BANK_NAME.metadata)
    country: str | None = field(default=None, metadata=COUNTRY.metadata)
    code: str | None = field(default=None, metadata=BANK_CODE.metadata)
    logo_url: str | None = field(default=None, metadata=WEB_ADDRESS.metadata)
    api_endpoint: str | None = field(default=None, metadata=WEB_ADDRESS.metadata)
    status: BankStatus | None = field(default=None, metadata=BANK_STATUS.metadata)
    integration_module: str | None = field(default=None, metadata=INTEGRATION_MODULE.metadata)

    def changes(self, cleared: frozenset[str]) -> BankChanges:
        """Raises ``missing_fields`` when there is nothing to change."""
        changes = BankChanges(
            name=self.name,
            country=self.country,
            code=self.code,
            logo_url=self.logo_url,
            api_endpoint=self.api_endpoint,
            status=self.status,
            integration_module=self.integration_module,
            cleared=cleared,
        )
        if changes.is_empty:
            names = [each.name for each in fields(BankChangesBody)]
            raise DomainError(Reason.MISSING_FIELDS, field=names[0], fields=names)
        return changes


@frozen(kw_only=True)
class BranchBody:
    name: str = field(metadata=BANK_NAME.metadata)
    country: str = field(metadata=COUNTRY.metadata)
    iban: str | None = field(default=None, metadata=IBAN.metadata)
    routing_number: str | None = field(default=None, metadata=ROUTING_NUMBER.metadata)
    swift_code: str | None = field(default=None, metadata=BIC.metadata)

    def new_branch(self, bank_id: UUID) -> NewBranch:
        return NewBranch(
            bank_id=bank_id,
            name=self.name,
            country=self.country,
            iban=self.iban,
            routing_number=self.routing_number,
            swift_code=self.swift_code,
        )


def _shown(call: Call[Any, Any], bank: Bank) -> BankPayload:
    return bank_payload(bank, connectable=call.services.banks.is_connectable(bank))


def list_banks(call: Call[None, BankListQuery]) -> Answer:
    query = call.query()
    page = call.services.banks.list_page(
        BankFilter(country=query.country, status=query.status), request=query.page_request, sort=query.sort
    )
    return Answer(data=[_shown(call, bank) for bank in page.items], pagination=offset_pagination(page))


def get_bank(call: Call[None, None]) -> Answer:
    return Answer(data=_shown(call, call.services.banks.get(bank_id=call.path_id())))


def list_branches(call: Call[None, BranchListQuery]) -> Answer:
    bank_id, query = call.path_id(), call.query()
    page = call.services.banks.list_branches(
        BranchFilter(bank_id=bank_id, country=query.country), request=query.page_request
    )
    return Answer(data=[branch_payload(branch) for branch in page.items], pagination=offset_pagination(page))


def create_bank(call: Call[BankBody, None]) -> Answer:
    bank = call.services.banks.create(call.actor, call.body().new_bank())
    return Answer(data=_shown(call, bank), location=f"/banks/{bank.id}")


def update_bank(call: Call[BankChangesBody, None]) -> Answer:
    bank_id = call.path_id()
    given = call.named_fields
    cleared = frozenset(name for name in CLEARABLE_BANK_FIELDS if name in given and given[name] is None)
    changes = call.body().changes(cleared)
    return Answer(data=_shown(call, call.services.banks.update(call.actor, bank_id=bank_id, changes=changes)))


def create_branch(call: Call[BranchBody, None]) -> Answer:
    bank_id = call.path_id()
    branch = call.services.banks.create_branch(call.actor, call.body().new_branch(bank_id))
    # A branch has no address of its own.
    return Answer(data=branch_payload(branch), location=f"/banks/{bank_id}/branches")


BANK_OPERATIONS = (
    Operation(
        method="GET",
        path="/banks",
        handler=list_banks,
        summary="Banks, by name unless sorted otherwise",
        query=BankListQuery,
        scope=Scope.BANKS_READ,
        answer=list[BankPayload],
        paging=Paging.OFFSET,
        errors=(Reason.INVALID_FILTER, Reason.INVALID_STATUS, Reason.INVALID_SORT),
    ),
    Operation(
        method="GET",
        path="/banks/{id}",
        handler=get_bank,
        summary="One bank",
        scope=Scope.BANKS_READ,
        answer=BankPayload,
        errors=FOUND_BANK_ERRORS,
    ),
    Operation(
        method="GET",
        path="/banks/{id}/branches",
        handler=list_branches,
        summary="The branches of a bank, by name",
        query=BranchListQuery,
        scope=Scope.BANKS_READ,
        answer=list[BranchPayload],
        paging=Paging.OFFSET,
        errors=(*FOUND_BANK_ERRORS, Reason.INVALID_FILTER),
    ),
    Operation(
        method="POST",
        path="/banks",
        handler=create_bank,
        summary="Adds a bank to the catalogue",
        access=Access.ADMIN,
        body=BankBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=BankPayload,
        status=201,
        idempotent=True,
        errors=BANK_ERRORS,
    ),
    Operation(
        method="PUT",
        path="/banks/{id}",
        handler=update_bank,
        summary="Changes a bank; null clears an optional field",
        access=Access.ADMIN,
        body=BankChangesBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=BankPayload,
        errors=(*FOUND_BANK_ERRORS, *BANK_ERRORS, Reason.BANK_HAS_ACCOUNTS),
    ),
    Operation(
        method="POST",
        path="/banks/{id}/branches",
        handler=create_branch,
        summary="Adds a branch to a bank",
        access=Access.ADMIN,
        body=BranchBody,
        scope=NoKey.SESSIONS_ONLY,
        answer=BranchPayload,
        status=201,
        idempotent=True,
        errors=(
            *FOUND_BANK_ERRORS,
            Reason.INVALID_NAME_FORMAT,
            Reason.INVALID_FIELD_FORMAT,
            Reason.RESOURCE_ALREADY_EXISTS,
        ),
    ),
)
