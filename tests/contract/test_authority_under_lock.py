"""Whoever acts is read again, locked, in the transaction of the act: for every use-case there is."""

import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

import pytest
from tests.contract.job_scene import JobScene
from tests.racing_threads import TIMEOUT_SECONDS

from ledgerbank_domain.audit.audit_event import AuditFilter
from ledgerbank_domain.banking.account import AccountChanges, AccountStatus, AccountType, NewAccount
from ledgerbank_domain.banking.bank import BankChanges
from ledgerbank_domain.banking.bank_login import BankLoginChanges, NewBankLogin
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.page import KeysetRequest, PageRequest
from ledgerbank_domain.jobs.job import JobFilter, JobState
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.user_repository import UserFilter
from ledgerbank_domain.services.bank_service import NewBank, NewBranch
from ledgerbank_domain.services.outcome import result_of
from ledgerbank_domain.services.service_composition import Services
from ledgerbank_domain.services.user_service import NewUser
from ledgerbank_domain.users.user import UserChanges, UserStatus

STAFF_ACTS: dict[str, Callable[["Scene", Actor], Any]] = {
    "users.create_with_role": lambda s, who: s.services.users.create_with_role(who, s.registration()),
    "users.update": lambda s, who: s.services.users.update(
        who, user_id=s.user.id, changes=UserChanges(full_name="Changed")
    ),
    "users.delete": lambda s, who: s.services.users.delete(who, user_id=s.user.id),
    "banks.create": lambda s, who: s.services.banks.create(
        who, NewBank(name="Some Bank", country="GB", code="SOME_BANK")
    ),
    "banks.update": lambda s, who: s.services.banks.update(
        who, bank_id=s.bank_id, changes=BankChanges(name="Another Name")
    ),
    "banks.create_branch": lambda s, who: s.services.banks.create_branch(
        who, NewBranch(bank_id=s.bank_id, name="Branch", country="GB")
    ),
    "jobs.retry": lambda s, who: s.services.jobs.retry(who, job_id=s.cancelled_job_id),
    "jobs.cancel": lambda s, who: s.services.jobs.cancel(who, job_id=s.waiting_job_id),
    "accounts.update": lambda s, who: s.services.accounts.update(
        who, account_id=s.account.id, changes=AccountChanges(status=AccountStatus.FROZEN)
    ),
    "payments.cancel": lambda s, who: s.services.payments.cancel(who, payment_id=s.payment.id),
    "processing.process": lambda s, who: s.services.processing.process(who, payment_id=s.payment.id),
    "processing.process_many": lambda s, who: result_of(
        s.services.processing.process_many([(who, s.payment.id)])[0]
    ),
    "schedules.schedule": lambda s, who: s.services.schedules.schedule(who, payment_id=s.payment.id),
    "schedules.cancel_job": lambda s, who: s.services.schedules.cancel_job(
        who, payment_id=s.scheduled_payment_id
    ),
}
"""What takes an administrator when it is done to somebody else's affairs."""

STAFF_READS: dict[str, Callable[["Scene", Actor], Any]] = {
    "users.get": lambda s, who: s.services.users.get(who, user_id=s.user.id),
    "users.list_page": lambda s, who: s.services.users.list_page(
        who, UserFilter(), sort=(), request=PageRequest()
    ),
    "users.list_keyset": lambda s, who: s.services.users.list_keyset(
        who, UserFilter(), request=KeysetRequest()
    ),
    "users.stats": lambda s, who: s.services.users.stats(who),
    "jobs.list_page": lambda s, who: s.services.jobs.list_page(who, JobFilter(), request=PageRequest()),
    "jobs.get": lambda s, who: s.services.jobs.get(who, job_id=s.waiting_job_id),
    "audit_events.list_keyset": lambda s, who: s.services.audit_events.list_keyset(
        who, AuditFilter(), request=s.audit_request()
    ),
}

OWN_ACTS: dict[str, Callable[["Scene", Actor], Any]] = {
    "auth.logout_everywhere": lambda s, who: s.services.auth.logout_everywhere(who),
    "auth.revoke_session": lambda s, who: s.services.auth.revoke_session(who, session_id=s.session_id),
    "users.update_profile": lambda s, who: s.services.users.update_profile(
        who, UserChanges(full_name="Changed")
    ),
    "users.change_password": lambda s, who: s.services.users.change_password(
        who,
        current_password=s.password,
        new_password="another good password",
        password_confirmation="another good password",
    ),
    "accounts.create": lambda s, who: s.services.accounts.create(who, s.new_account()),
    "accounts.update": lambda s, who: s.services.accounts.update(
        who, account_id=s.account.id, changes=AccountChanges(account_name="Changed")
    ),
    "payments.create": lambda s, who: s.world.pending(who, s.account),
    "payments.create_many": lambda s, who: result_of(
        s.services.payments.create_many([(who, s.world.draft(s.account))])[0]
    ),
    "payments.cancel": lambda s, who: s.services.payments.cancel(who, payment_id=s.payment.id),
    "processing.process": lambda s, who: s.services.processing.process(who, payment_id=s.payment.id),
    "processing.process_many": lambda s, who: result_of(
        s.services.processing.process_many([(who, s.payment.id)])[0]
    ),
    "schedules.schedule": lambda s, who: s.services.schedules.schedule(who, payment_id=s.payment.id),
    "schedules.cancel_job": lambda s, who: s.services.schedules.cancel_job(
        who, payment_id=s.scheduled_payment_id
    ),
    "bank_logins.update": lambda s, who: s.services.bank_logins.update(
        who, login_id=s.login_id, changes=BankLoginChanges(sync_frequency=600)
    ),
    "bank_logins.disconnect": lambda s, who: s.services.bank_logins.disconnect(who, login_id=s.login_id),
    "bank_logins.request_sync": lambda s, who: s.services.bank_logins.request_sync(who, login_id=s.login_id),
    "bank_connections.start": lambda s, who: s.services.bank_connections.start(who, s.new_login()),
}
"""What everybody does with what is their own."""

ANSWERED_BY_OWNERSHIP = {
    "accounts.balance_at",
    "accounts.get",
    "accounts.get_many",
    "accounts.health",
    "accounts.list_all_transactions",
    "accounts.list_page",
    "accounts.list_transactions",
    "auth.list_sessions",
    "bank_logins.get",
    "bank_logins.list_page",
    "payments.get",
    "payments.get_many",
    "payments.list_page",
    "payments.outlook",
    "payments.stats",
    "payments.validate",
    "schedules.newest_job",
}
"""They read, and whose it is never changes; that the caller is logged in was asked in the same moment."""

BEFORE_ANYBODY_IS_KNOWN = {
    "audit_events.record_refusal",
    "auth.authenticate",
    "auth.authenticate_many",
    "auth.login",
    "auth.logout",
    "auth.refresh",
    "bank_connections.deny",
    "bank_connections.finish",
    "bank_webhooks.receive",
    "users.register",
}
"""A secret is shown, or none is needed."""

NOT_ON_BEHALF_OF_ANYBODY = {
    "banks.get",
    "banks.list_branches",
    "banks.list_page",
    "due_jobs.run_due_jobs",
    "idempotency.perform_once",
    "job_dispatch.dispatch",
    "job_dispatch.give_back",
    "job_dispatch.rescue_abandoned",
    "job_running.begin",
    "job_running.fail",
    "job_running.run",
    "ledger.verify",
    "processing.process_in",
    "token_rotation.rotate",
}
"""Machinery, proofs, and a catalogue that is nobody's in particular: no customer's data for whoever asks."""


@dataclass(kw_only=True)
class Scene:
    """A customer with everything, and what may be done about it."""

    world: Any
    jobs: JobScene
    admin: Actor
    login_id: UUID
    bank_id: UUID
    branch_id: UUID
    session_id: UUID
    password: str
    waiting_job_id: UUID
    cancelled_job_id: UUID
    scheduled_payment_id: UUID

    def __post_init__(self) -> None:
        self.services: Services = self.world.services
        self.user, self.owner = self.jobs.user, self.jobs.payer
        self.account, self.payment = self.jobs.account, self.jobs.payment

    def registration(self) -> NewUser:
        password = "a long enough password"
        return NewUser(
            email="new@example.com", full_name="New", password=password, password_confirmation=password
        )

    def new_account(self) -> NewAccount:
        return NewAccount(
            user_bank_login_id=self.login_id,
            currency=parse_currency("GBP"),
            account_type=AccountType.SAVINGS,
            account_name="Savings",
        )

    def new_login(self) -> NewBankLogin:
        return NewBankLogin(bank_branch_id=self.branch_id, username="alice999")

    def audit_request(self) -> KeysetRequest:
        from tests.contract.test_audit_trail_contract import LATEST_FIRST

        return KeysetRequest(sort=LATEST_FIRST)
