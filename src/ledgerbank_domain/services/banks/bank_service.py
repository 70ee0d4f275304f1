"""The catalogue of banks: reading it, and administering it."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.banking.bank import (
    BANK_FIELD_PARSERS,
    BRANCH_FIELD_PARSERS,
    Bank,
    BankBranch,
    BankChanges,
    BankFilter,
    BankStatus,
    BranchFilter,
    parse_bank_code,
    parse_bank_name,
    parse_country,
)
from ledgerbank_domain.banking.bank_policy import may_write_banks
from ledgerbank_domain.banking.house_bank import HOUSE_BANK_FIELDS_THAT_STAY, HOUSE_BANK_ID
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import Page, PageRequest, Sort
from ledgerbank_domain.identity.value_rules import read_fields, read_given_fields, require_ids, require_member
from ledgerbank_domain.ports.cache import Cache
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.banks.bank_gateway_lookup import is_connectable
from ledgerbank_domain.services.conduct.authority_check import locked_actor
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import session_only

BY_NAME = (Sort(field="name"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBank:
    """A bank as asked for: formats are right, nothing else has been looked at.

    Raises ``invalid_name_format``, ``invalid_status`` and ``invalid_field_format``.
    """

    name: str
    country: str
    code: str
    logo_url: str | None = None
    api_endpoint: str | None = None
    status: BankStatus = BankStatus.ACTIVE
    integration_module: str | None = None

    def __post_init__(self) -> None:
        read_fields(self, name=parse_bank_name, country=parse_country, code=parse_bank_code)
        read_given_fields(self, **BANK_FIELD_PARSERS)
        require_member(BankStatus, self.status, Reason.INVALID_STATUS, field="status")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBranch:
    """A branch as asked for: formats are right, nothing else has been looked at.

    Raises ``invalid_uuid_format``, ``invalid_name_format`` and ``invalid_field_format``.
    """

    bank_id: UUID
    name: str
    country: str
    iban: str | None = None
    routing_number: str | None = None
    swift_code: str | None = None

    def __post_init__(self) -> None:
        require_ids(bank_id=self.bank_id)
        read_fields(self, name=parse_bank_name, country=parse_country)
        read_given_fields(self, **BRANCH_FIELD_PARSERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankService:
    """The catalogue of banks and branches, which everybody who is logged in may read.

    ``known_gateways`` are the names of the gateway adapters that a bank may be spoken to by; those of
    ``gateways`` are set up.

    Lists are kept in ``cache`` under the catalogue's version, which every list asks storage for: so they are
    never older than the last write of any process. A single bank costs as little as its version and is not
    kept.
    """

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    cache: Cache
    gateways: Collection[str]
    known_gateways: Collection[str]

    def list_page(
        self, wanted: BankFilter, *, request: PageRequest, sort: tuple[Sort, ...] = BY_NAME
    ) -> Page[Bank]:
        """Banks that ``wanted`` lets through, from the cache where nothing was written since."""

        def read() -> Page[Bank]:
            with self.start_unit_of_work() as work:
                return work.banks.list_page(wanted, sort=sort, request=request)

        return self.cache.get_or_put(f"banks {self._version()} {wanted} {sort} {request}", read)

    def get(self, *, bank_id: UUID) -> Bank:
        """One bank, connectable or not. Raises ``bank_not_found``."""
        require_ids(bank_id=bank_id)
        with self.start_unit_of_work() as work:
            return work.banks.get(bank_id)

    def is_connectable(self, bank: Bank) -> bool:
        """Whether users can connect to it now."""
        return is_connectable(bank, self.gateways)

    def list_branches(self, wanted: BranchFilter, *, request: PageRequest) -> Page[BankBranch]:
        """The branches of ``wanted.bank_id``, cached as banks are. Raises ``bank_not_found``."""

        def read() -> Page[BankBranch]:
            with self.start_unit_of_work() as work:
                work.banks.get(wanted.bank_id)
                return work.banks.list_branches_page(wanted, request=request)

        return self.cache.get_or_put(f"branches {self._version()} {wanted} {request}", read)

    @session_only
    def create(self, actor: Actor, new_bank: NewBank) -> Bank:
        """Adds a bank to the catalogue.

        Raises ``insufficient_permissions``, ``invalid_field_format`` for a gateway that nobody knows, and
        ``resource_already_exists``.
        """
        bank = self._add(actor, new_bank)
        self.cache.clear()
        return bank

    @session_only
    def update(self, actor: Actor, *, bank_id: UUID, changes: BankChanges) -> Bank:
        """Changes a bank of the catalogue.

        Raises ``insufficient_permissions`` (also, naming the field, for what stays of the house bank),
        ``missing_fields``, ``invalid_field_format`` (as :meth:`create`), ``bank_not_found``,
        ``resource_already_exists``, and ``bank_has_accounts`` when the bank has accounts and would begin or
        cease to feed them.
        """
        require_ids(bank_id=bank_id)
        bank = self._change(actor, bank_id, changes)
        self.cache.clear()
        return bank

    @session_only
    def create_branch(self, actor: Actor, new_branch: NewBranch) -> BankBranch:
        """Adds a branch to a bank.

        Raises ``insufficient_permissions``, ``bank_not_found`` and ``resource_already_exists``.
        """
        branch = self._add_branch(actor, new_branch)
        self.cache.clear()
        return branch

    @retried_on_conflict
    def _add(self, actor: Actor, new_bank: NewBank) -> Bank:
        with self.start_unit_of_work() as work:
            actor = _administrator(work, actor)
            self._check_gateway(new_bank.integration_module)
            now = work.now()
            bank = Bank(
                id=self.ids.new_id(),
                name=new_bank.name,
                country=new_bank.country,
                code=new_bank.code,
                logo_url=new_bank.logo_url,
                api_endpoint=new_bank.api_endpoint,
                status=new_bank.status,
                integration_module=new_bank.integration_module,
                inserted_at=now,
                updated_at=now,
            )
            work.banks.add(bank)
            self.audit.record(work, AuditName.ADMIN_BANK_CREATED, actor=actor, about=bank.id, at=now)
            work.commit()
        return bank

    @retried_on_conflict
    def _change(self, actor: Actor, bank_id: UUID, changes: BankChanges) -> Bank:
        with self.start_unit_of_work() as work:
            actor = _administrator(work, actor)
            if changes.is_empty:
                raise DomainError(Reason.MISSING_FIELDS)
            self._check_gateway(changes.integration_module)
            before = work.banks.get_for_update(bank_id)
            _check_house_bank(before, changes)
            now = work.now()
            bank = before.with_changes(changes, at=now)
            work.banks.save(bank)
            told = changes_between(before, bank)
            self.audit.record(
                work, AuditName.ADMIN_BANK_UPDATED, actor=actor, about=bank_id, facts=told, at=now
            )
            work.commit()
        return bank

    @retried_on_conflict
    def _add_branch(self, actor: Actor, new_branch: NewBranch) -> BankBranch:
        with self.start_unit_of_work() as work:
            actor = _administrator(work, actor)
            now = work.now()
            branch = BankBranch(
                id=self.ids.new_id(),
                bank_id=new_branch.bank_id,
                name=new_branch.name,
                country=new_branch.country,
                iban=new_branch.iban,
                routing_number=new_branch.routing_number,
                swift_code=new_branch.swift_code,
                inserted_at=now,
                updated_at=now,
            )
            work.banks.get(branch.bank_id)
            work.banks.add_branch(branch)
            self.audit.record(work, AuditName.ADMIN_BRANCH_CREATED, actor=actor, about=branch.id, at=now)
            work.commit()
        return branch

    def _version(self) -> int:
        with self.start_unit_of_work() as work:
            return work.banks.catalogue_version()

    def _check_gateway(self, name: str | None) -> None:
        if name is not None and name not in self.known_gateways:
            raise DomainError(Reason.INVALID_FIELD_FORMAT, field="integration_module")


def _check_house_bank(bank: Bank, changes: BankChanges) -> None:
    if bank.id == HOUSE_BANK_ID:
        for name in HOUSE_BANK_FIELDS_THAT_STAY:
            if changes.given().get(name, getattr(bank, name)) != getattr(bank, name):
                raise DomainError(Reason.INSUFFICIENT_PERMISSIONS, field=name)


def _administrator(work: UnitOfWork, actor: Actor) -> Actor:
    """The actor as they are now. Raises ``insufficient_permissions`` unless they may still write banks."""
    now = locked_actor(work, actor)
    require_permission(may_write_banks(now))
    return now
