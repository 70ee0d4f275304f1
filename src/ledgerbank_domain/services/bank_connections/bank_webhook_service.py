"""Webhooks of banks: verified, noted once, and never believed further than that there is something to see."""

from dataclasses import dataclass

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.bank_gateway import BankGateway, WebhookDelivery, WebhookNotice
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.banks.bank_gateway_lookup import Gateways, bank_of_branch
from ledgerbank_domain.services.banks.bank_sync_schedule import (
    DEFAULT_PACE,
    SyncPace,
    may_sync_unattended,
    schedule_sync_for_news,
)
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.standing_refusal import refusal_stands


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedWebhook:
    """``duplicate``: it had come before, and nothing was done.

    ``ignored``: it is about nothing that is to be synced now.
    """

    duplicate: bool
    ignored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BankWebhookService:
    """``clock`` is the machine's: whether a delivery is fresh is asked before anything is looked up."""

    start_unit_of_work: StartUnitOfWork
    clock: Clock
    ids: IdGenerator
    audit: AuditWriter
    gateways: Gateways
    pace: SyncPace = DEFAULT_PACE

    def receive(self, actor: Actor, *, provider: str, delivery: WebhookDelivery) -> ReceivedWebhook:
        """A transaction on a known, connected account has its login synced; everything else is ignored.

        Raises ``resource_not_found`` for a provider nobody knows, and ``invalid_signature``, of which an
        audit event is left and nothing else.
        """
        gateway = self.gateways.get(provider)
        if gateway is None:
            raise DomainError(Reason.RESOURCE_NOT_FOUND)
        notice = self._verified(actor, gateway, delivery)
        return self._noted(actor, gateway, notice)

    def _verified(self, actor: Actor, gateway: BankGateway, delivery: WebhookDelivery) -> WebhookNotice:
        try:
            return gateway.verify_webhook(delivery, now=self.clock.now())
        except DomainError as refusal:
            with refusal_stands(refusal):
                self._record_rejection(actor, gateway, refusal)
            raise

    @retried_on_conflict
    def _record_rejection(self, actor: Actor, gateway: BankGateway, refusal: DomainError) -> None:
        with self.start_unit_of_work() as work:
            self.audit.record_failure(
                work,
                AuditName.WEBHOOK_REJECTED,
                reason=refusal.reason,
                actor=actor,
                at=work.now(),
                metadata={"provider": gateway.provider},
            )
            work.commit()

    @retried_on_conflict
    def _noted(self, actor: Actor, gateway: BankGateway, notice: WebhookNotice) -> ReceivedWebhook:
        with self.start_unit_of_work() as work:
            logins = _logins_to_sync(work, gateway, notice)
            now = work.now()
            is_new = work.webhook_events.add_new(
                row_id=self.ids.new_id(),
                provider=gateway.provider,
                event_id=notice.event_id,
                event_type=notice.event_type,
                ignored=not logins,
                at=now,
            )
            for login in logins if is_new else ():
                schedule_sync_for_news(
                    work,
                    login,
                    ids=self.ids,
                    now=now,
                    not_before=self.pace.next_for_news(login, gateway) or now,
                    correlation_id=actor.origin.correlation_id,
                )
            work.commit()
        return ReceivedWebhook(duplicate=not is_new, ignored=not logins)


def _logins_to_sync(work: UnitOfWork, gateway: BankGateway, notice: WebhookNotice) -> list[BankLogin]:
    """Locked, by ascending id: one for each customer of a joint account.

    One bank's word counts for accounts at that bank only.
    """
    external_id = notice.external_account_id
    if external_id is None or not notice.is_about_a_transaction:
        return []
    accounts = work.accounts.list_fed_by_external_id(external_id)
    login_ids = {account.user_bank_login_id for account in accounts if account.user_bank_login_id}
    locked = (work.bank_logins.find_for_update(login_id) for login_id in sorted(login_ids))
    return [
        login
        for login in locked
        if login is not None
        and may_sync_unattended(login)
        and bank_of_branch(work, login.bank_branch_id).integration_module == gateway.provider
    ]
