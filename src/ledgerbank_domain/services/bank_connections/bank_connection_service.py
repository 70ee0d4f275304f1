"""Connecting a login to its bank: OAuth to its page of consent, and back with a code (RFC 6749 §4.1)."""

from dataclasses import dataclass, field
from typing import NoReturn
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.banking.bank_login import BankLogin, NewBankLogin
from ledgerbank_domain.banking.return_url import ReturnUrls
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.ports.bank_gateway import BankGateway
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.bank_connections.code_redemption import CodeRedemption, FinishedConnection
from ledgerbank_domain.services.bank_connections.oauth_visits import (
    AwaitedAnswer,
    Brought,
    KeptAnswer,
    OAuthVisits,
    ReturnedVisit,
    Visit,
)
from ledgerbank_domain.services.banks.bank_gateway_lookup import Gateways, bank_of_branch, usable_gateway
from ledgerbank_domain.services.conduct.authority_check import locked_self
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.outcome import Outcome, result_of
from ledgerbank_domain.services.conduct.scope_check import needs_scope


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
class BankConnectionService:
    """Sends a customer to their bank to consent, and takes them back: OAuth's code grant (RFC 6749, 4.1)."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    gateways: Gateways
    visits: OAuthVisits
    redemption: CodeRedemption
    return_urls: ReturnUrls

    @needs_scope(Scope.BANKS_WRITE)
    def start(self, actor: Actor, new_login: NewBankLogin) -> StartedConnection:
        """The caller's login, and where they consent to its connection.

        One that exists and is not ACTIVE is connected anew.

        Raises ``invalid_field_format`` for a return address that is not allowed, ``bank_branch_not_found``,
        ``bank_inactive``, ``resource_already_exists`` for an ACTIVE one, and what
        :meth:`BankGateway.authorization_url` raises: then nothing is stored.
        """
        if new_login.return_url is not None and not self.return_urls.allow(new_login.return_url):
            raise DomainError(
                Reason.INVALID_FIELD_FORMAT, field="return_url", message="It is no allowed return address."
            )
        gateway = self._gateway_for(actor, new_login)
        visit = self.visits.new_visit(uses_pkce=gateway.uses_pkce, return_url=new_login.return_url)
        url = gateway.authorization_url(state=visit.state, code_challenge=visit.code_challenge)
        login, is_new = self._stored(actor, new_login, visit)
        return StartedConnection(login=login, authorization_url=url, is_new=is_new)

    def finish(
        self, actor: Actor, *, state: str, code: str, issuer: str | None = None
    ) -> FinishedConnection | KeptAnswer:
        """The bank sent the customer back with a code: it is redeemed, and the login is connected.

        Where confirmations are asked for it is only kept, until :meth:`confirm`.

        The state is used up whatever comes of it. Raises ``invalid_oauth_state`` when it is unknown, used or
        expired, when its user is gone or it is another bank that answers; ``bank_inactive``; and what kept
        the code from being redeemed (``timeout``, ``service_unavailable``, ``bank_api_error``), after which
        the login is in ERROR.
        """
        answer = self.use_up(actor, state=state, code=code, issuer=issuer)
        return answer if isinstance(answer, KeptAnswer) else self.connect(answer)

    def use_up(
        self, actor: Actor, *, state: str, code: str, issuer: str | None = None
    ) -> AwaitedAnswer | KeptAnswer:
        """What of :meth:`finish` tells whom the bank sent back, and waits for nobody else.

        It commits by itself: whatever comes next, the state was used. Raises ``invalid_oauth_state``.
        """
        answer = self._taken_answer(actor, Brought(state=state, issuer=issuer), code)
        if answer is None:
            raise _nobody_awaits()
        return answer

    def connect(self, awaited: AwaitedAnswer) -> FinishedConnection:
        """What of :meth:`finish` asks the bank, and is decided under the user's lock. Raises as it."""
        return self.redemption.redeem(awaited)

    @needs_scope(Scope.BANKS_WRITE)
    def confirm(self, actor: Actor, *, login_id: UUID, confirmation: str) -> FinishedConnection:
        """Who began a visit shows that the browser that came back was theirs: it is finished.

        Of several visits of the login it finishes the one that was shown this confirmation. Raises
        ``bank_login_not_found`` also for somebody else's, ``invalid_confirmation`` for a wrong one, which
        costs each of them one of five tries, and when none waits (any more), and then as :meth:`connect`.
        """
        require_ids(login_id=login_id)
        if not is_text(confirmation):
            raise DomainError(Reason.INVALID_CONFIRMATION, field="confirmation")
        return self.connect(result_of(self._confirmed(actor, login_id, confirmation)))

    def deny(self, actor: Actor, *, state: str, issuer: str | None = None) -> NoReturn:
        """The bank sent the customer back without a code.

        Raises ``invalid_oauth_state`` as :meth:`finish`, otherwise always ``authorization_denied``.
        """
        self.take_denial(actor, state=state, issuer=issuer)
        raise DomainError(Reason.AUTHORIZATION_DENIED)

    def take_denial(self, actor: Actor, *, state: str, issuer: str | None = None) -> ReturnedVisit:
        """What of :meth:`deny` happens: the state is used up, and whose visit it was. Raises as it."""
        visit = self._taken_denial(actor, Brought(state=state, issuer=issuer))
        if visit is None:
            raise _nobody_awaits()
        return visit

    def leaves_to(self, visit: ReturnedVisit) -> str | None:
        """Where the browser of a visit that is over is sent; None where it stays with us."""
        url = visit.return_url
        return url if url is not None and self.return_urls.allow(url) else None

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
    def _taken_answer(self, actor: Actor, brought: Brought, code: str) -> AwaitedAnswer | KeptAnswer | None:
        with self.start_unit_of_work() as work:
            answer = self.visits.take_answer(work, actor, brought, code=code)
            work.commit()
        return answer

    @retried_on_conflict
    def _taken_denial(self, actor: Actor, brought: Brought) -> ReturnedVisit | None:
        with self.start_unit_of_work() as work:
            visit = self.visits.take_denial(work, actor, brought)
            if visit is not None:
                self.audit.record_each_failure(
                    work,
                    AuditName.BANK_LOGIN_CONNECTED,
                    [(visit.owner, AuditTarget(visit.login.id), Reason.AUTHORIZATION_DENIED)],
                    at=work.now(),
                )
            work.commit()
        return visit

    @retried_on_conflict
    def _confirmed(self, actor: Actor, login_id: UUID, confirmation: str) -> Outcome[AwaitedAnswer]:
        with self.start_unit_of_work() as work:
            owner = locked_self(work, actor)
            login = work.bank_logins.find_for_update(login_id)
            if login is None or login.user_id != owner.id:
                raise DomainError(Reason.BANK_LOGIN_NOT_FOUND)
            awaited = self.visits.confirm(work, actor, login, confirmation)
            # A wrong one is counted: what is refused is kept all the same.
            work.commit()
        return awaited or DomainError(Reason.INVALID_CONFIRMATION, field="confirmation")


def _nobody_awaits() -> DomainError:
    return DomainError(Reason.INVALID_OAUTH_STATE, field="state")


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
