"""Connecting a login to its bank: OAuth to its page of consent, and back with a code (RFC 6749 §4.1)."""

from dataclasses import dataclass, field, replace
from typing import NoReturn

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.banking.bank_login import BankLogin, LoginError, NewBankLogin
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.jobs.job import Job
from ledgerbank_domain.notifications.notification import bank_login_needs_attention
from ledgerbank_domain.ports.bank_gateway import BankGateway, BankTokens
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.bank_connections.oauth_visits import AwaitedAnswer, OAuthVisits, Visit
from ledgerbank_domain.services.banks.bank_access import BankAccess, BankAccesses
from ledgerbank_domain.services.banks.bank_gateway_lookup import Gateways, bank_of_branch, usable_gateway
from ledgerbank_domain.services.banks.bank_sync_schedule import schedule_sync
from ledgerbank_domain.services.banks.bank_token_sealer import BankTokenSealer
from ledgerbank_domain.services.conduct.authority_check import locked_self
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.scope_check import needs_scope
from ledgerbank_domain.services.notifications.notification_service import queue_notification


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedConnection:
    """A login whose owner is to consent at the bank next.

    ``authorization_url`` is where the browser goes, and a secret until the bank has answered. ``is_new``: the
    login was not there before.
    """

    login: BankLogin
    authorization_url: str = field(repr=False)
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedConnection:
    """A connected login, and the job that will sync it."""

    login: BankLogin
    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class BankConnectionService:
    """Sends a customer to their bank to consent, and takes them back: OAuth's code grant (RFC 6749, 4.1)."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    gateways: Gateways
    visits: OAuthVisits
    sealer: BankTokenSealer
    accesses: BankAccesses

    @needs_scope(Scope.BANKS_WRITE)
    def start(self, actor: Actor, new_login: NewBankLogin) -> StartedConnection:
        """The caller's login, and where they consent to its connection.

        One that exists and is not ACTIVE is connected anew.

        Raises ``bank_branch_not_found``, ``bank_inactive``, ``resource_already_exists`` for an ACTIVE one,
        and what :meth:`BankGateway.authorization_url` raises: then nothing is stored.
        """
        gateway = self._gateway_for(actor, new_login)
        visit = self.visits.new_visit(uses_pkce=gateway.uses_pkce)
        url = gateway.authorization_url(state=visit.state, code_challenge=visit.code_challenge)
        login, is_new = self._stored(actor, new_login, visit)
        return StartedConnection(login=login, authorization_url=url, is_new=is_new)

    def finish(self, actor: Actor, *, state: str, code: str) -> FinishedConnection:
        """The bank sent the customer back with a code: it is redeemed, and the login is connected.

        The state is used up whatever comes of it. Raises ``invalid_oauth_state`` when it is unknown, used or
        expired, or its user is gone; ``bank_inactive``; and what kept the code from being redeemed
        (``timeout``, ``service_unavailable``, ``bank_api_error``), after which the login is in ERROR.
        """
        return self.connect(self.use_up(actor, state=state), code=code)

    def use_up(self, actor: Actor, *, state: str) -> AwaitedAnswer:
        """What of :meth:`finish` tells whom the bank sent back, and waits for nobody else.

        It commits by itself: whatever comes next, the state was used. Raises ``invalid_oauth_state``.
        """
        awaited = self._used_up(actor, state)
        if awaited is None:
            raise DomainError(Reason.INVALID_OAUTH_STATE, field="state")
        return awaited

    def connect(self, awaited: AwaitedAnswer, *, code: str) -> FinishedConnection:
        """What of :meth:`finish` asks the bank, and is decided under the user's lock. Raises as it."""
        gateway = usable_gateway(awaited.bank, self.gateways)
        tokens = self._redeemed(gateway, awaited, code)
        access = BankAccess(
            gateway=gateway, access_token=tokens.access_token, provider_user_id=tokens.provider_user_id
        )
        try:
            finished, replaced = self._connected(awaited, tokens)
        except DomainError:
            self.accesses.end([access])
            raise
        self.accesses.revoke(replaced)
        self.accesses.register_webhooks(access)
        return finished

    def deny(self, actor: Actor, *, state: str) -> NoReturn:
        """The bank sent the customer back without a code.

        Raises ``invalid_oauth_state`` as :meth:`finish`, otherwise always ``authorization_denied``.
        """
        awaited = self.use_up(actor, state=state)
        self._record_denial(awaited)
        raise DomainError(Reason.AUTHORIZATION_DENIED)

    def _gateway_for(self, actor: Actor, new_login: NewBankLogin) -> BankGateway:
        with self.start_unit_of_work() as work:
            gateway = self._usable_gateway(work, new_login)
            _reconnectable(work, actor, new_login)
        return gateway

    @retried_on_conflict
    def _stored(self, actor: Actor, new_login: NewBankLogin, visit: Visit) -> tuple[BankLogin, bool]:
        with self.start_unit_of_work() as work:
            locked_self(work, actor)
            self._usable_gateway(work, new_login)
            known = _reconnectable(work, actor, new_login)
            login = known or self._add_in(work, actor, new_login)
            self.visits.begin(work, login, visit)
            work.commit()
        return login, known is None

    def _usable_gateway(self, work: UnitOfWork, new_login: NewBankLogin) -> BankGateway:
        return usable_gateway(bank_of_branch(work, new_login.bank_branch_id), self.gateways)

    def _add_in(self, work: UnitOfWork, actor: Actor, new_login: NewBankLogin) -> BankLogin:
        now = work.now()
        login = BankLogin(
            id=self.ids.new_id(),
            user_id=actor.required_user_id(),
            bank_branch_id=new_login.bank_branch_id,
            username=new_login.username,
            inserted_at=now,
            updated_at=now,
        )
        work.bank_logins.add(login)
        self.audit.record(work, AuditName.BANK_LOGIN_CREATED, actor=actor, about=login.id, at=now)
        return login

    @retried_on_conflict
    def _used_up(self, actor: Actor, state: str) -> AwaitedAnswer | None:
        with self.start_unit_of_work() as work:
            awaited = self.visits.use_up(work, actor, state)
            work.commit()
        return awaited

    def _redeemed(self, gateway: BankGateway, awaited: AwaitedAnswer, code: str) -> BankTokens:
        try:
            return gateway.exchange_code(code=code, code_verifier=awaited.code_verifier)
        except DomainError as error:
            failure = error
        if failure.category is not Category.EXTERNAL_DEPENDENCY:
            # To whoever comes from the bank a refused code is the bank's failure: they have just consented.
            failure = DomainError(
                Reason.BANK_API_ERROR, message="The bank did not accept its own code: connect again."
            )
        self._record_failed_exchange(awaited, failure.reason)
        raise failure

    @retried_on_conflict
    def _record_failed_exchange(self, awaited: AwaitedAnswer, reason: Reason) -> None:
        with self.start_unit_of_work() as work:
            owner = work.users.get_for_update(awaited.login.user_id)
            login = work.bank_logins.find_for_update(awaited.login.id)
            now = work.now()
            # One that was connected otherwise meanwhile works, and goes on working; one whose owner was
            # deleted meanwhile stays disconnected.
            if login is not None and owner.is_active and not login.is_active:
                error = LoginError(reason=reason, message=reason.message, at=now)
                work.bank_logins.save(replace(login.failed(error, at=now), lease=login.lease))
                self._notify_in(work, awaited, error)
            target = AuditTarget(awaited.login.id)
            self.audit.record_each_failure(
                work, AuditName.BANK_LOGIN_CONNECTED, [(awaited.owner, target, reason)], at=now
            )
            work.commit()

    def _notify_in(self, work: UnitOfWork, awaited: AwaitedAnswer, error: LoginError) -> None:
        notification = bank_login_needs_attention(
            user_id=awaited.login.user_id,
            bank_name=awaited.bank.name,
            username=awaited.login.username,
            reason=error.reason,
            at=error.at,
            cause=str(self.ids.new_id()),
        )
        queue_notification(
            work,
            notification,
            ids=self.ids,
            at=error.at,
            correlation_id=awaited.owner.origin.correlation_id,
        )

    @retried_on_conflict
    def _record_denial(self, awaited: AwaitedAnswer) -> None:
        with self.start_unit_of_work() as work:
            target = AuditTarget(awaited.login.id)
            self.audit.record_each_failure(
                work,
                AuditName.BANK_LOGIN_CONNECTED,
                [(awaited.owner, target, Reason.AUTHORIZATION_DENIED)],
                at=work.now(),
            )
            work.commit()

    @retried_on_conflict
    def _connected(
        self, awaited: AwaitedAnswer, tokens: BankTokens
    ) -> tuple[FinishedConnection, list[BankAccess]]:
        """The login, connected, and the access that it had until now, if it had one."""
        with self.start_unit_of_work() as work:
            owner = work.users.get_for_update(awaited.login.user_id)
            login = work.bank_logins.find_for_update(awaited.login.id)
            if login is None or not owner.is_active:
                # They were deleted while the bank was asked: nothing may be connected behind that.
                raise DomainError(Reason.INVALID_OAUTH_STATE, field="state")
            now = work.now()
            replaced = self.accesses.held_by(work, [login])
            connected = login.connected(
                self.sealer.seal(tokens, login_id=login.id),
                scope=tokens.scope,
                provider_user_id=tokens.provider_user_id,
                at=now,
            )
            work.bank_logins.save(connected)
            self.audit.record(
                work,
                AuditName.BANK_LOGIN_CONNECTED,
                actor=awaited.owner,
                about=login.id,
                facts=changes_between(login, connected),
                at=now,
            )
            scheduled = schedule_sync(
                work,
                connected,
                ids=self.ids,
                now=now,
                is_fresh=True,
                correlation_id=awaited.owner.origin.correlation_id,
            )
            work.commit()
        return FinishedConnection(login=connected, job=scheduled.job), replaced


def _reconnectable(work: UnitOfWork, actor: Actor, new_login: NewBankLogin) -> BankLogin | None:
    """The login that this one is, if there is one; raises ``resource_already_exists`` when it is ACTIVE."""
    known = work.bank_logins.find_by_username_for_update(
        user_id=actor.required_user_id(),
        bank_branch_id=new_login.bank_branch_id,
        username=new_login.username,
    )
    if known is not None and known.is_active:
        raise DomainError(Reason.RESOURCE_ALREADY_EXISTS, field="username")
    return known
