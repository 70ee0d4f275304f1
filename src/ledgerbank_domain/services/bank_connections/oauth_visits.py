"""OAuth: customers go to their bank, and are known again when they come back (RFC 6749 §10.12, RFC 7636)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditSeverity
from ledgerbank_domain.banking.bank import Bank
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.oauth_state import OAUTH_STATE_LIFETIME, OAuthState
from ledgerbank_domain.banking.pkce import code_challenge
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.masked_email import masked_email
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.secret_box import SecretBox, SecretGenerator
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.bank_connections.visit_confirmations import VisitConfirmations
from ledgerbank_domain.services.banks.bank_gateway_lookup import Gateways, bank_of_branch, is_answer_of
from ledgerbank_domain.services.banks.bank_token_sealer import code_verifier_place


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a browser takes to the bank and brings back, and what we keep to show that it was ours."""

    state: str = field(repr=False)
    code_verifier: str | None = field(repr=False)
    return_url: str | None = None

    @property
    def code_challenge(self) -> str | None:
        """What the bank is shown of the verifier (RFC 7636); None where it takes none."""
        return None if self.code_verifier is None else code_challenge(self.code_verifier)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedVisit:
    """Whose visit to a bank is over. ``owner`` is the user who began it, as far as the state tells.

    ``joins`` is what their own login here is called before whoever sits at the browser: a masked e-mail.
    """

    id: UUID
    owner: Actor
    login: BankLogin
    bank: Bank
    joins: str
    return_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedAnswer:
    """An answer of a bank that may be redeemed now."""

    visit: ReturnedVisit
    code: str = field(repr=False)
    code_verifier: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """An answer of a bank that waits, until ``expires_at``, for who began the visit to confirm it.

    ``confirmation`` is for the browser that brought it, and for nobody else.
    """

    visit: ReturnedVisit
    confirmation: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a browser brings back. ``issuer`` is who the bank says it is, if it does (RFC 9207)."""

    state: str = field(repr=False)
    issuer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthVisits:
    """Customers on their way to a bank and back: each is awaited once, for ten minutes.

    With ``needs_confirmation`` what a browser brings back is only kept, until who began the visit shows that
    it was their browser.
    """

    ids: IdGenerator
    audit: AuditWriter
    secret_box: SecretBox
    secrets: SecretGenerator
    gateways: Gateways
    confirmations: VisitConfirmations
    needs_confirmation: bool = False

    def new_visit(self, *, uses_pkce: bool, return_url: str | None = None) -> Visit:
        """New secrets for one visit; the verifier only for a bank that takes a PKCE challenge."""
        return Visit(
            state=self.secrets.new_secret(),
            code_verifier=self.secrets.new_secret() if uses_pkce else None,
            return_url=return_url,
        )

    def begin(self, work: UnitOfWork, login: BankLogin, visit: Visit) -> None:
        """From now on the visit's state is awaited, for ten minutes."""
        now, state_id, verifier = work.now(), self.ids.new_id(), visit.code_verifier
        state = OAuthState(
            id=state_id,
            state_hash=_hash(visit.state),
            user_id=login.user_id,
            user_bank_login_id=login.id,
            code_verifier=None
            if verifier is None
            else self.secret_box.seal(verifier, bound_to=code_verifier_place(state_id)),
            return_url=visit.return_url,
            expires_at=now + OAUTH_STATE_LIFETIME,
            inserted_at=now,
            updated_at=now,
        )
        work.oauth_states.add(state)

    def take_answer(
        self, work: UnitOfWork, actor: Actor, brought: Brought, *, code: str
    ) -> AwaitedAnswer | KeptAnswer | None:
        """What the state stands for, which is used by that.

        None when it is unknown, used or expired, when its user is gone, and when it is another bank that
        answers. Showing a used one again is recorded as suspicious, unless it is the same answer that still
        waits to be confirmed: then it is told again, and has no more tries than before.
        """
        known = work.oauth_states.find_by_hash_for_update(_hash(brought.state))
        if known is None:
            return None
        if known.consumed_at is not None:
            return self._told_again(work, actor, known, code)
        visit = self._visit(work, actor, known, brought)
        if visit is None:
            work.oauth_states.save(known.consumed(at=work.now()))
            return None
        if self.needs_confirmation:
            return self._kept_in(work, actor, known, visit, code)
        work.oauth_states.save(known.consumed(at=work.now()))
        return AwaitedAnswer(visit=visit, code=code, code_verifier=self._verifier(known))

    def take_denial(self, work: UnitOfWork, actor: Actor, brought: Brought) -> ReturnedVisit | None:
        """As :meth:`take_answer`, of a bank that gave no code."""
        known = work.oauth_states.find_by_hash_for_update(_hash(brought.state))
        if known is None:
            return None
        if known.consumed_at is not None:
            self._record_in(work, actor, known, cause="oauth_state_replay")
            return None
        visit = self._visit(work, actor, known, brought)
        work.oauth_states.save(known.consumed(at=work.now()))
        return visit

    def confirm(
        self, work: UnitOfWork, actor: Actor, login: BankLogin, confirmation: str
    ) -> AwaitedAnswer | None:
        """The kept answer that was confirmed, and is used by that; see :class:`VisitConfirmations`.

        ``actor`` owns the login, and both are locked by ``work``.
        """
        known = self.confirmations.take(work, actor, login, confirmation)
        if known is None:
            return None
        user = work.users.get(login.user_id)
        visit = ReturnedVisit(
            id=known.id,
            owner=actor,
            login=login,
            bank=bank_of_branch(work, login.bank_branch_id),
            joins=masked_email(user.email),
            return_url=known.return_url,
        )
        return AwaitedAnswer(
            visit=visit, code=self.confirmations.code_of(known), code_verifier=self._verifier(known)
        )

    def _kept_in(
        self, work: UnitOfWork, actor: Actor, known: OAuthState, visit: ReturnedVisit, code: str
    ) -> KeptAnswer:
        now = work.now()
        kept, confirmation = self.confirmations.keep(known.id, code)
        keeping = known.keeping(kept, at=now)
        work.oauth_states.save(keeping)
        # By whoever sits at the browser, which nobody knows: it need not be who began.
        self.audit.record(work, AuditName.BANK_LOGIN_CONSENTED, actor=actor, about=visit.login.id, at=now)
        return KeptAnswer(visit=visit, confirmation=confirmation, expires_at=keeping.expires_at)

    def _told_again(self, work: UnitOfWork, actor: Actor, known: OAuthState, code: str) -> KeptAnswer | None:
        """A browser that loads the page again sees the same."""
        waits = known.awaits_confirmation_at(work.now())
        confirmation = self.confirmations.told_before(known, code) if waits else None
        visit = None if confirmation is None else self._visit_of(work, actor, known)
        if confirmation is None or visit is None:
            self._record_in(work, actor, known, cause="oauth_state_replay")
            return None
        return KeptAnswer(visit=visit, confirmation=confirmation, expires_at=known.expires_at)

    def _visit(
        self, work: UnitOfWork, actor: Actor, known: OAuthState, brought: Brought
    ) -> ReturnedVisit | None:
        if not known.is_usable_at(work.now()):
            return None
        visit = self._visit_of(work, actor, known)
        if visit is not None and not is_answer_of(visit.bank, brought.issuer, self.gateways):
            # Of two banks one has sent its customer on to the other, to get at what that one answers.
            self._record_in(work, actor, known, cause="oauth_issuer_mismatch")
            return None
        return visit

    def _visit_of(self, work: UnitOfWork, actor: Actor, known: OAuthState) -> ReturnedVisit | None:
        user = work.users.get(known.user_id)
        if not user.is_active:
            return None
        login = work.bank_logins.get(known.user_bank_login_id)
        return ReturnedVisit(
            id=known.id,
            owner=replace(actor, user_id=user.id, role=user.role),
            login=login,
            bank=bank_of_branch(work, login.bank_branch_id),
            joins=masked_email(user.email),
            return_url=known.return_url,
        )

    def _verifier(self, known: OAuthState) -> str | None:
        if known.code_verifier is None:
            return None
        return self.secret_box.open(known.code_verifier, bound_to=code_verifier_place(known.id))

    def _record_in(self, work: UnitOfWork, actor: Actor, known: OAuthState, *, cause: str) -> None:
        """A state is shown that should not be: by a browser that went back, or by who overheard it."""
        self.audit.record_failure(
            work,
            AuditName.SUSPICIOUS,
            reason=Reason.INVALID_OAUTH_STATE,
            actor=actor,
            about=known.user_id,
            at=work.now(),
            severity=AuditSeverity.WARNING,
            metadata={"cause": cause, "bank_login_id": str(known.user_bank_login_id)},
        )


def _hash(state: str) -> str:
    # 256 random bits need no salt. Any text may be asked, unpaired surrogates too.
    return sha256(state.encode("utf-8", "surrogatepass")).hexdigest()
