"""OAuth: customers go to their bank, and are known again when they come back (RFC 6749 §10.12, RFC 7636)."""

from dataclasses import dataclass, field, replace
from hashlib import sha256

from ledgerbank_domain.audit.audit_event import AuditName, AuditSeverity
from ledgerbank_domain.banking.bank import Bank
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.oauth_state import OAUTH_STATE_LIFETIME, OAuthState
from ledgerbank_domain.banking.pkce import code_challenge
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.secret_box import SecretBox, SecretGenerator
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.banks.bank_gateway_lookup import bank_of_branch
from ledgerbank_domain.services.banks.bank_token_sealer import code_verifier_place


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a browser takes to the bank and brings back, and what we keep to show that it was ours."""

    state: str = field(repr=False)
    code_verifier: str | None = field(repr=False)

    @property
    def code_challenge(self) -> str | None:
        """What the bank is shown of the verifier (RFC 7636); None where it takes none."""
        return None if self.code_verifier is None else code_challenge(self.code_verifier)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedAnswer:
    """Whose answer of a bank this is. ``owner`` is the user who was sent there."""

    owner: Actor
    login: BankLogin
    bank: Bank
    code_verifier: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthVisits:
    """Customers on their way to a bank and back: each is awaited once, for ten minutes."""

    ids: IdGenerator
    audit: AuditWriter
    secret_box: SecretBox
    secrets: SecretGenerator

    def new_visit(self, *, uses_pkce: bool) -> Visit:
        """New secrets for one visit; the verifier only for a bank that takes a PKCE challenge."""
        return Visit(
            state=self.secrets.new_secret(), code_verifier=self.secrets.new_secret() if uses_pkce else None
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
            expires_at=now + OAUTH_STATE_LIFETIME,
            inserted_at=now,
            updated_at=now,
        )
        work.oauth_states.add(state)

    def use_up(self, work: UnitOfWork, actor: Actor, state: str) -> AwaitedAnswer | None:
        """What the state stands for, which is used by that.

        None when it is unknown, used or expired, or its user is gone. Showing a used one again is recorded as
        suspicious.
        """
        known = work.oauth_states.find_by_hash_for_update(_hash(state))
        if known is None:
            return None
        now = work.now()
        awaited = self._awaited_answer(work, actor, known) if known.is_usable_at(now) else None
        if known.consumed_at is None:
            work.oauth_states.save(known.consumed(at=now))
        else:
            self._record_replay_in(work, actor, known)
        return awaited

    def _awaited_answer(self, work: UnitOfWork, actor: Actor, known: OAuthState) -> AwaitedAnswer | None:
        user = work.users.get(known.user_id)
        if not user.is_active:
            return None
        login = work.bank_logins.get(known.user_bank_login_id)
        verifier = known.code_verifier
        return AwaitedAnswer(
            owner=replace(actor, user_id=user.id, role=user.role),
            login=login,
            bank=bank_of_branch(work, login.bank_branch_id),
            code_verifier=None
            if verifier is None
            else self.secret_box.open(verifier, bound_to=code_verifier_place(known.id)),
        )

    def _record_replay_in(self, work: UnitOfWork, actor: Actor, known: OAuthState) -> None:
        """Somebody shows a state a second time: a browser that went back, or who overheard it."""
        self.audit.record_failure(
            work,
            AuditName.SUSPICIOUS,
            reason=Reason.INVALID_OAUTH_STATE,
            actor=actor,
            about=known.user_id,
            at=work.now(),
            severity=AuditSeverity.WARNING,
            metadata={"cause": "oauth_state_replay", "bank_login_id": str(known.user_bank_login_id)},
        )


def _hash(state: str) -> str:
    # 256 random bits need no salt. Any text may be asked, unpaired surrogates too.
    return sha256(state.encode("utf-8", "surrogatepass")).hexdigest()
