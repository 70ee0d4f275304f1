"""Payees: naming accounts of others that one trusts, and forgetting them."""

from dataclasses import dataclass
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.payments.payee import NewPayee, Payee
from ledgerbank_domain.payments.step_up import StepUpSubject
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.authority_check import locked_self
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.outcome import Outcome, result_of
from ledgerbank_domain.services.conduct.scope_check import needs_scope, session_only
from ledgerbank_domain.services.payments.payment_step_up import PaymentStepUp


@dataclass(frozen=True, slots=True, kw_only=True)
class PayeeService:
    """Everybody's own payees: nobody sees or changes those of others, whatever their role."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    step_up: PaymentStepUp

    @needs_scope(Scope.PAYMENTS_READ)
    def list_page(self, actor: Actor, *, request: PageRequest) -> Page[Payee]:
        """The caller's payees, newest first."""
        with self.start_unit_of_work() as work:
            return work.payees.list_page(actor.required_user_id(), request=request)

    @session_only
    def add(self, actor: Actor, new_payee: NewPayee) -> Payee:
        """Trusts an account of somebody else.

        Raises ``account_not_found``, ``invalid_counterparty`` for an account of one's own,
        ``resource_already_exists``, and ``step_up_required`` where that is on and no confirmation is there.
        """
        return result_of(self._add(actor, new_payee))

    @retried_on_conflict
    def _add(self, actor: Actor, new_payee: NewPayee) -> Outcome[Payee]:
        """A refusal that came with a challenge is returned, as the challenge must be committed."""
        account_id = new_payee.counterparty_account_id
        with self.start_unit_of_work() as work:
            user = locked_self(work, actor)
            now = work.now()
            payee = Payee(
                id=self.ids.new_id(),
                user_id=user.id,
                counterparty_account_id=account_id,
                name=new_payee.name,
                trusted_at=now,
                inserted_at=now,
                updated_at=now,
            )
            _check_account(work, payee)
            subject = StepUpSubject.of_payee(account_id)
            refusal = self.step_up.payee_refusal_in(work, actor, user, subject, at=now)
            if refusal is not None:
                work.commit()
                return refusal
            work.payees.add(payee)
            self.audit.record(
                work,
                AuditName.PAYEE_ADDED,
                actor=actor,
                about=payee.id,
                facts={"counterparty_account_id": str(account_id)},
                at=now,
            )
            work.commit()
        return payee

    @session_only
    @retried_on_conflict
    def remove(self, actor: Actor, *, payee_id: UUID) -> None:
        """Trusts the account no more. Raises ``resource_not_found``, also for a payee of somebody else."""
        require_ids(payee_id=payee_id)
        with self.start_unit_of_work() as work:
            user = locked_self(work, actor)
            payee = work.payees.find(payee_id)
            if payee is None or payee.user_id != user.id:
                raise DomainError(Reason.RESOURCE_NOT_FOUND)
            work.payees.delete(payee)
            self.audit.record(
                work,
                AuditName.PAYEE_REMOVED,
                actor=actor,
                about=payee.id,
                facts={"counterparty_account_id": str(payee.counterparty_account_id)},
                at=work.now(),
            )
            work.commit()


def _check_account(work: UnitOfWork, payee: Payee) -> None:
    account = work.accounts.find_many([payee.counterparty_account_id]).get(payee.counterparty_account_id)
    if account is None:
        raise DomainError(Reason.ACCOUNT_NOT_FOUND, field="counterparty_account_id")
    if account.user_id == payee.user_id:
        raise DomainError(Reason.INVALID_COUNTERPARTY, field="counterparty_account_id")
