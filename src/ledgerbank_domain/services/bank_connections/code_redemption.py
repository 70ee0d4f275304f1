"""Redeeming a bank's code: the last step of a connection, outside and inside a unit of work."""

from dataclasses import dataclass, replace

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.banking.bank_login import BankLogin, LoginError
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.jobs.job import Job
from ledgerbank_domain.notifications.notification import bank_login_needs_attention
from ledgerbank_domain.ports.bank_gateway import BankGateway, BankTokens
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.bank_connections.oauth_visits import AwaitedAnswer, ReturnedVisit
from ledgerbank_domain.services.banks.bank_access import BankAccess, BankAccesses
from ledgerbank_domain.services.banks.bank_gateway_lookup import (
    Gateways,
    is_another_customer,
    usable_gateway,
)
from ledgerbank_domain.services.banks.bank_sync_schedule import schedule_sync
from ledgerbank_domain.services.banks.bank_token_sealer import BankTokenSealer
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.notifications.notification_service import queue_notification


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedConnection:
    """A connected login, and the job that will sync it."""

    login: BankLogin
    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRedemption:
    """Asks the bank for tokens, and keeps them under the locks of user and login."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    gateways: Gateways
    sealer: BankTokenSealer
    accesses: BankAccesses

    def redeem(self, awaited: AwaitedAnswer) -> FinishedConnection:
        """The login, connected. Nothing of it is repeated: the code is good once.

        Raises ``bank_inactive``; what kept the code from being redeemed (``timeout``,
        ``service_unavailable``, ``bank_api_error``), after which the login is in ERROR;
        ``invalid_oauth_state`` when the user was deleted or the login disconnected meanwhile; and
        ``bank_customer_changed`` when somebody else consented than the one whose accounts it brought.
        """
        gateway = usable_gateway(awaited.visit.bank, self.gateways)
        tokens = self._redeemed(gateway, awaited)
        access = BankAccess(
            gateway=gateway,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            provider_user_id=tokens.provider_user_id,
        )
        try:
            finished, replaced = self._connected(awaited.visit, gateway, tokens)
        except DomainError as error:
            if error.reason is Reason.BANK_CUSTOMER_CHANGED:
                # Theirs may be connected elsewhere: what is there for them stays.
                self.accesses.revoke([access])
                self._record_refusal(awaited.visit, error.reason)
            else:
                self.accesses.end([access])
            raise
        self.accesses.revoke(replaced)
        self.accesses.register_webhooks(access)
        return finished

    def _redeemed(self, gateway: BankGateway, awaited: AwaitedAnswer) -> BankTokens:
        try:
            return gateway.exchange_code(code=awaited.code, code_verifier=awaited.code_verifier)
        except DomainError as error:
            failure = error
        if failure.category is not Category.EXTERNAL_DEPENDENCY:
            # To whoever comes from the bank a refused code is the bank's failure: they have just consented.
            failure = DomainError(
                Reason.BANK_API_ERROR, message="The bank did not accept its own code: connect again."
            )
        self._record_failed_exchange(awaited.visit, failure.reason)
        raise failure

    @retried_on_conflict
    def _record_failed_exchange(self, visit: ReturnedVisit, reason: Reason) -> None:
        with self.start_unit_of_work() as work:
            owner = work.users.get_for_update(visit.login.user_id)
            login = work.bank_logins.find_for_update(visit.login.id)
            now = work.now()
            # One that was connected otherwise meanwhile works, and goes on working; one whose owner was
            # deleted meanwhile, or that was disconnected, stays disconnected.
            if (
                login is not None
                and owner.is_active
                and not login.is_active
                and work.oauth_states.find_for_update(visit.id) is not None
            ):
                error = LoginError(reason=reason, message=reason.message, at=now)
                work.bank_logins.save(replace(login.failed(error, at=now), lease=login.lease))
                self._notify_in(work, visit, error)
            target = AuditTarget(visit.login.id)
            self.audit.record_each_failure(
                work, AuditName.BANK_LOGIN_CONNECTED, [(visit.owner, target, reason)], at=now
            )
            work.commit()

    def _notify_in(self, work: UnitOfWork, visit: ReturnedVisit, error: LoginError) -> None:
        notification = bank_login_needs_attention(
            user_id=visit.login.user_id,
            bank_name=visit.bank.name,
            username=visit.login.username,
            reason=error.reason,
            at=error.at,
            cause=str(self.ids.new_id()),
        )
        queue_notification(
            work,
            notification,
            ids=self.ids,
            at=error.at,
            correlation_id=visit.owner.origin.correlation_id,
        )

    @retried_on_conflict
    def _record_refusal(self, visit: ReturnedVisit, reason: Reason) -> None:
        """The login stays as it is."""
        with self.start_unit_of_work() as work:
            self.audit.record_each_failure(
                work,
                AuditName.BANK_LOGIN_CONNECTED,
                [(visit.owner, AuditTarget(visit.login.id), reason)],
                at=work.now(),
            )
            work.commit()

    @retried_on_conflict
    def _connected(
        self, visit: ReturnedVisit, gateway: BankGateway, tokens: BankTokens
    ) -> tuple[FinishedConnection, list[BankAccess]]:
        """The login, connected, and the access that it had until now, if it had one."""
        with self.start_unit_of_work() as work:
            owner = work.users.get_for_update(visit.login.user_id)
            login = work.bank_logins.find_for_update(visit.login.id)
            if login is None or not owner.is_active or work.oauth_states.find_for_update(visit.id) is None:
                # They were deleted, or the login disconnected, while the bank was asked: nothing may be
                # connected behind that.
                raise DomainError(Reason.INVALID_OAUTH_STATE, field="state")
            if is_another_customer(gateway, login.provider_user_id, tokens.provider_user_id):
                raise DomainError(Reason.BANK_CUSTOMER_CHANGED)
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
                actor=visit.owner,
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
                correlation_id=visit.owner.origin.correlation_id,
            )
            work.commit()
        return FinishedConnection(login=connected, job=scheduled.job), replaced
