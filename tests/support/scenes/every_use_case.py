"""Every use-case, by who may ask for it, and a customer about whom each can be asked."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from tests.support.scenes.job_scene import JobScene
from tests.support.scenes.second_factor_steps import (
    AuthenticatorApp,
    second_factors_of,
)
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.approvals.approval import ApprovalFilter
from ledgerbank_domain.audit.audit_event import AuditFilter
from ledgerbank_domain.banking.account import (
    Account,
    AccountChanges,
    AccountSource,
    AccountStatus,
    AccountType,
    NewAccount,
)
from ledgerbank_domain.banking.account_source_change import AccountSourceChange
from ledgerbank_domain.banking.bank import BankChanges
from ledgerbank_domain.banking.bank_login import BankLoginChanges, NewBankLogin
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.page import KeysetRequest, PageRequest
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.jobs.job import JobFilter
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.payments.payee import NewPayee, Payee
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.payments.step_up import StepUpSubject
from ledgerbank_domain.ports.audit_trail import LATEST_FIRST
from ledgerbank_domain.ports.repositories.user_repository import UserFilter
from ledgerbank_domain.services.approvals.approval_service import ApprovalService
from ledgerbank_domain.services.approvals.user_acts import user_update
from ledgerbank_domain.services.banks.bank_service import NewBank, NewBranch
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.services.conduct.outcome import result_of
from ledgerbank_domain.services.service_composition import Services, compose_services
from ledgerbank_domain.services.users.password_service import ProvenPasswordChange
from ledgerbank_domain.services.users.registration_service import NewUser, PreparedUser
from ledgerbank_domain.users.api_key import NewApiKey
from ledgerbank_domain.users.second_factor_challenge import ChallengePurpose
from ledgerbank_domain.users.user import User, UserChanges

STAFF_ACTS: dict[str, Callable[["Scene", Actor], Any]] = {
    "registration.create_with_role": lambda s, who: s.services.registration.create_with_role(
        who, s.registration()
    ),
    "registration.create_prepared": lambda s, who: s.services.registration.create_prepared(
        who, PreparedUser(email="new@example.com", full_name="New", role=Role.USER, password_hash="a hash")
    ),
    "users.update": lambda s, who: s.services.users.update(
        who, user_id=s.user.id, changes=UserChanges(full_name="Changed")
    ),
    "password_resets.start_for": lambda s, who: s.services.password_resets.start_for(who, user_id=s.user.id),
    "users.delete": lambda s, who: s.services.users.delete(who, user_id=s.user.id),
    "second_factor.remove_of": lambda s, who: s.services.second_factor.remove_of(who, user_id=s.user.id),
    "session_administration.revoke_all_of_user": lambda s, who: (
        s.services.session_administration.revoke_all_of_user(who, user_id=s.user.id, reason="A lost phone")
    ),
    "session_administration.revoke_of_user": lambda s, who: s.services.session_administration.revoke_of_user(
        who, user_id=s.user.id, session_id=s.session_id
    ),
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
    "payment_processing.process": lambda s, who: s.services.payment_processing.process(
        who, payment_id=s.payment.id
    ),
    "payment_processing.process_many": lambda s, who: result_of(
        s.services.payment_processing.process_many([(who, s.payment.id)])[0]
    ),
    "payment_schedules.schedule": lambda s, who: s.services.payment_schedules.schedule(
        who, payment_id=s.payment.id
    ),
    "payment_schedules.cancel_job": lambda s, who: s.services.payment_schedules.cancel_job(
        who, payment_id=s.scheduled_payment_id
    ),
    "reversals.reverse_payment": lambda s, who: s.services.reversals.reverse_payment(
        who, payment_id=s.done.id, reason="A mistake"
    ),
    "reversals.reverse_entry": lambda s, who: s.services.reversals.reverse_entry(
        who, entry_id=s.booked_entry_id, reason="A mistake"
    ),
    "approvals.ask_if_needed": lambda s, who: s.with_four_eyes.ask_if_needed(
        who, user_update(s.user.id, UserChanges(role=Role.ADMIN)), reason="They will help"
    ),
    "approvals.approve": lambda s, who: s.services.approvals.approve(who, approval_id=s.approval_id),
    "approvals.reject": lambda s, who: s.services.approvals.reject(
        who, approval_id=s.approval_id, reason="Not needed"
    ),
}
"""What takes an administrator when it is done to somebody else's affairs."""

STAFF_READS: dict[str, Callable[["Scene", Actor], Any]] = {
    "users.get": lambda s, who: s.services.users.get(who, user_id=s.user.id),
    "users.check_known": lambda s, who: s.services.users.check_known(who, user_id=s.user.id),
    "users.list_page": lambda s, who: s.services.users.list_page(
        who, UserFilter(), sort=(), request=PageRequest()
    ),
    "users.list_keyset": lambda s, who: s.services.users.list_keyset(
        who, UserFilter(), request=KeysetRequest()
    ),
    "users.stats": lambda s, who: s.services.users.stats(who),
    "session_administration.list_of_user": lambda s, who: s.services.session_administration.list_of_user(
        who, user_id=s.user.id
    ),
    "jobs.list_page": lambda s, who: s.services.jobs.list_page(who, JobFilter(), request=PageRequest()),
    "jobs.get": lambda s, who: s.services.jobs.get(who, job_id=s.waiting_job_id),
    "approvals.list_keyset": lambda s, who: s.services.approvals.list_keyset(
        who, ApprovalFilter(), request=KeysetRequest()
    ),
    "audit_events.list_keyset": lambda s, who: s.services.audit_events.list_keyset(
        who, AuditFilter(), request=KeysetRequest(sort=LATEST_FIRST)
    ),
}

OWN_ACTS: dict[str, Callable[["Scene", Actor], Any]] = {
    "sessions.log_out_everywhere": lambda s, who: s.services.sessions.log_out_everywhere(who),
    "sessions.revoke_own": lambda s, who: s.services.sessions.revoke_own(who, session_id=s.session_id),
    "api_keys.create": lambda s, who: s.services.api_keys.create(who, s.new_key()),
    "api_keys.revoke_own": lambda s, who: s.services.api_keys.revoke_own(who, key_id=s.api_key_id),
    "approvals.withdraw": lambda s, who: s.services.approvals.withdraw(who, approval_id=s.own_approval_id),
    "personal_data.start": lambda s, who: s.services.personal_data.start(who),
    "users.update_profile": lambda s, who: s.services.users.update_profile(
        who, UserChanges(full_name="Changed")
    ),
    "passwords.change_password": lambda s, who: s.services.passwords.change_password(
        who,
        current_password=s.password,
        new_password="another good password",
        password_confirmation="another good password",
    ),
    "passwords.save_new_password": lambda s, who: s.services.passwords.save_new_password(
        who,
        ProvenPasswordChange(user=s.user, password_length=21, password_hash="of another good password"),
    ),
    "second_factor.enrol": lambda s, who: s.services.second_factor.enrol(who, s.user, code=s.app.code()),
    "second_factor.confirm": lambda s, who: s.services.second_factor.confirm(who, code=s.new_app.code()),
    "second_factor.renew_recovery_codes": lambda s, who: s.services.second_factor.renew_recovery_codes(
        who, s.user, code=s.app.code()
    ),
    "second_factor.remove": lambda s, who: s.services.second_factor.remove(who, s.user, code=s.app.code()),
    "accounts.create": lambda s, who: s.services.accounts.create(who, s.new_account()),
    "accounts.update": lambda s, who: s.services.accounts.update(
        who, account_id=s.account.id, changes=AccountChanges(account_name="Changed")
    ),
    "account_sources.change": lambda s, who: s.services.account_sources.change(
        who, account_id=s.account.id, change=AccountSourceChange(source=AccountSource.FILES)
    ),
    "payments.create": lambda s, who: s.world.pending(who, s.account),
    "payments.create_many": lambda s, who: result_of(
        s.services.payments.create_many([(who, s.world.draft(s.account))])[0]
    ),
    "payments.cancel": lambda s, who: s.services.payments.cancel(who, payment_id=s.payment.id),
    "payment_processing.process": lambda s, who: s.services.payment_processing.process(
        who, payment_id=s.payment.id
    ),
    "payment_processing.process_many": lambda s, who: result_of(
        s.services.payment_processing.process_many([(who, s.payment.id)])[0]
    ),
    "payment_schedules.schedule": lambda s, who: s.services.payment_schedules.schedule(
        who, payment_id=s.payment.id
    ),
    "payment_schedules.cancel_job": lambda s, who: s.services.payment_schedules.cancel_job(
        who, payment_id=s.scheduled_payment_id
    ),
    "payees.add": lambda s, who: s.services.payees.add(who, s.new_payee()),
    "payees.remove": lambda s, who: s.services.payees.remove(who, payee_id=s.a_payee().id),
    "step_up.confirm": lambda s, who: s.services.step_up.confirm(
        who, challenge=s.a_step_up_challenge(), code=s.app.code()
    ),
    "bank_logins.update": lambda s, who: s.services.bank_logins.update(
        who, login_id=s.login_id, changes=BankLoginChanges(sync_frequency=600)
    ),
    "bank_logins.disconnect": lambda s, who: s.services.bank_logins.disconnect(who, login_id=s.login_id),
    "bank_logins.request_sync": lambda s, who: s.services.bank_logins.request_sync(who, login_id=s.login_id),
    "statement_imports.preview": lambda s, who: s.services.statement_imports.preview(
        who, account_id=s.account.id, content=b"a statement"
    ),
    "statement_imports.confirm": lambda s, who: s.services.statement_imports.confirm(
        who, account_id=s.account.id, import_id=s.account.id
    ),
    "bank_connections.start": lambda s, who: s.services.bank_connections.start(who, s.new_login()),
    "bank_connections.confirm": lambda s, who: s.services.bank_connections.confirm(
        who, login_id=s.login_id, confirmation="K7M3XW"
    ),
}
"""What everybody does with what is their own."""

ANSWERED_BY_OWNERSHIP = {
    "api_keys.get_own",
    "api_keys.list_own",
    "accounts.balance_at",
    "accounts.get",
    "accounts.get_many",
    "statement_imports.get",
    "statement_imports.list_keyset",
    "statements.begin",
    "statements.pages",
    "statements.write",
    "accounts.health",
    "accounts.list_all_transactions",
    "accounts.list_page",
    "accounts.list_transactions",
    "approvals.get",
    "bank_logins.get",
    "bank_logins.list_page",
    "payees.list_page",
    "payments.get",
    "payments.get_many",
    "payments.list_page",
    "payments.outlook",
    "payments.stats",
    "payments.validate",
    "personal_data.sections",
    "payment_schedules.newest_job",
    "second_factor.status",
    "sessions.list_own",
}
"""They read, and whose it is never changes; that the caller is logged in was asked in the same moment."""

BEFORE_ANYBODY_IS_KNOWN = {
    "audit_events.record_refusal",
    "auth.authenticate",
    "auth.authenticate_many",
    "auth.end_session",
    "auth.log_in",
    "auth.log_out",
    "auth.prove_login",
    "auth.refresh",
    "auth.refresh_claims_of",
    "auth.refresh_session",
    "auth.start_session",
    "bank_connections.deny",
    "bank_connections.finish",
    "bank_connections.take_denial",
    "bank_connections.use_up",
    "bank_webhooks.receive",
    "email_confirmations.confirm",
    "mail_requests.ask_for_confirmation",
    "mail_requests.ask_for_password_reset",
    "password_resets.prove",
    "password_resets.reset",
    "password_resets.save",
    "passwords.prove_current",
    "passwords.prove_password_change",
    "registration.apply",
    "registration.register",
    "second_factor.prove_password",
    "second_factor_logins.challenged",
    "second_factor_logins.finish",
    "second_factor_logins.start_session",
}
"""A secret is shown, or none is needed."""

FOR_THE_SYSTEM_ALONE = {"registration.create_by_link"}
"""Nobody who logged in may."""

PARTS_OF_OTHERS = {"payment_processing.process_in", "registration.prepare"}
"""Their transaction is the caller's, or they have none, and reading who asks is the caller's as well."""

FOR_EVERYBODY_WHO_IS_LOGGED_IN = {
    "banks.get",
    "banks.is_connectable",
    "banks.list_branches",
    "banks.list_page",
}
"""A catalogue that is nobody's in particular."""

MACHINERY = {
    "approvals.expire_in",
    "audit_export",
    "due_jobs",
    "idempotency",
    "job_dispatch",
    "job_running",
    "job_takeover",
    "token_rotation",
}
"""Services that act on behalf of nobody, or of whoever made a job."""

PROOFS = {"auth.claims_of", "auth.duty_of", "ledger.verify"}
"""For who runs the product."""

"""For who runs the product, or about who has just logged in."""

KNOWN_BY_WHAT_WAS_USED_UP = {"bank_connections.connect", "bank_connections.leaves_to"}
"""For the customer whose state a bank brought back, and no second time."""


@dataclass(kw_only=True)
class Scene:
    """A customer with everything, and what may be done about it."""

    world: ServiceWorld
    jobs: JobScene
    admin: Actor
    login_id: UUID
    bank_id: UUID
    branch_id: UUID
    session_id: UUID
    api_key_id: UUID
    password: str
    waiting_job_id: UUID
    cancelled_job_id: UUID
    scheduled_payment_id: UUID
    approval_id: UUID
    own_approval_id: UUID
    done: Payment
    app: AuthenticatorApp
    new_app: AuthenticatorApp

    def __post_init__(self) -> None:
        self.services: Services = self.world.services
        self.user: User = self.jobs.user
        self.owner: Actor = self.jobs.payer
        self.account: Account = self.jobs.account
        self.payment: Payment = self.jobs.payment

    @property
    def with_four_eyes(self) -> ApprovalService:
        """Where one alone may do less."""
        ports = replace(self.services.ports, four_eyes=FourEyes(required=True))
        return compose_services(ports).approvals

    @property
    def booked_entry_id(self) -> UUID:
        """Of the payment that was done."""
        assert self.done.journal_entry_id is not None
        return self.done.journal_entry_id

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

    def new_key(self) -> NewApiKey:
        return NewApiKey(name="Bookkeeping", scopes=[Scope.ACCOUNTS_READ])

    def new_payee(self) -> NewPayee:
        account = self.world.account_of(self.world.user(f"{self.world.ids.new_id()}@example.com").user)
        return NewPayee(counterparty_account_id=account.id, name="Somebody")

    def a_payee(self) -> Payee:
        """One of the customer's."""
        now, new = self.world.clock.now(), self.new_payee()
        payee = Payee(
            id=self.world.ids.new_id(),
            user_id=self.user.id,
            counterparty_account_id=new.counterparty_account_id,
            name=new.name,
            trusted_at=now,
            inserted_at=now,
            updated_at=now,
        )
        with self.world.start_unit_of_work() as work:
            work.payees.add(payee)
            work.commit()
        return payee

    def a_step_up_challenge(self) -> str:
        """Of the customer, whose app meets it."""
        with self.world.start_unit_of_work() as work:
            challenge = second_factors_of(self.world).challenge_in(
                work,
                self.user,
                ChallengePurpose.STEP_UP,
                subject=StepUpSubject.of_payee(self.account.id).as_text(),
                at=work.now(),
            )
            work.commit()
        return challenge

    def new_login(self) -> NewBankLogin:
        return NewBankLogin(bank_branch_id=self.branch_id, username="alice999")
