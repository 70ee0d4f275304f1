"""Confirmations of visits to banks: whoever began one shows that the browser that came back was theirs.

Without it a link to a bank's page of consent that is sent to somebody else would join that person's accounts
to the sender's login.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditSeverity, AuditTarget
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.connection_confirmation import confirmation_from, typed_confirmation
from ledgerbank_domain.banking.oauth_state import KeptCode, OAuthState
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.secret_box import SecretBox
from ledgerbank_domain.ports.security import Pseudonymizer
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.banks.bank_token_sealer import bank_code_place


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitConfirmations:
    """Keeps banks' answers, sealed, until they are confirmed: five tries, ten minutes.

    A confirmation follows from the visit and the bank's code by a keyed hash, so that nobody has to store it
    to show it to the same browser once more, and nobody can know it who does not have the code.
    """

    secret_box: SecretBox
    pseudonymizer: Pseudonymizer
    audit: AuditWriter

    def keep(self, visit_id: UUID, code: str) -> tuple[KeptCode, str]:
        """What is stored of a bank's answer, and what its browser is shown."""
        confirmation = confirmation_from(self.pseudonymizer.pseudonym(_seed(visit_id, code)))
        kept = KeptCode(
            code=self.secret_box.seal(code, bound_to=bank_code_place(visit_id)),
            confirmation_hash=_hash(self.pseudonymizer.pseudonym(_proof(visit_id, confirmation))),
        )
        return kept, confirmation

    def told_before(self, known: OAuthState, code: str) -> str | None:
        """What was shown to the browser that brought this code; None where it brought another one."""
        for pseudonym in self.pseudonymizer.pseudonyms(_seed(known.id, code)):
            confirmation = confirmation_from(pseudonym)
            if self._proves(known, confirmation):
                return confirmation
        return None

    def code_of(self, known: OAuthState) -> str:
        """The bank's code of an answer that was confirmed."""
        if known.kept is None:
            raise DomainError(Reason.INVALID_CONFIRMATION, field="confirmation")
        return self.secret_box.open(known.kept.code, bound_to=bank_code_place(known.id))

    def take(self, work: UnitOfWork, actor: Actor, login: BankLogin, confirmation: str) -> OAuthState | None:
        """The visit that this confirms, as it was: in storage it is used up, and its secrets are erased.

        None for a wrong one, which counts against every visit of the login that waits: many of them give no
        more tries than one. Those that are too late are erased in passing.
        """
        now, typed = work.now(), typed_confirmation(confirmation)
        kept = work.oauth_states.list_kept_for_update(login.id)
        for late in (each for each in kept if not each.awaits_confirmation_at(now)):
            work.oauth_states.save(late.consumed(at=now))
        waiting = [each for each in kept if each.awaits_confirmation_at(now)]
        confirmed = next((each for each in waiting if self._proves(each, typed)), None)
        if confirmed is not None:
            work.oauth_states.save(confirmed.consumed(at=now))
            return confirmed
        tried = [each.tried_wrongly(at=now) for each in waiting]
        for each in tried:
            work.oauth_states.save(each)
        self._record_in(work, actor, login, ended=any(each.kept is None for each in tried))
        return None

    def _proves(self, known: OAuthState, confirmation: str) -> bool:
        if known.kept is None:
            return False
        proofs = self.pseudonymizer.pseudonyms(_proof(known.id, confirmation))
        return any(hmac.compare_digest(_hash(proof), known.kept.confirmation_hash) for proof in proofs)

    def _record_in(self, work: UnitOfWork, actor: Actor, login: BankLogin, *, ended: bool) -> None:
        now, reason = work.now(), Reason.INVALID_CONFIRMATION
        self.audit.record_each_failure(
            work, AuditName.BANK_LOGIN_CONNECTED, [(actor, AuditTarget(login.id), reason)], at=now
        )
        if ended:
            self.audit.record_failure(
                work,
                AuditName.SUSPICIOUS,
                reason=reason,
                actor=actor,
                about=login.user_id,
                at=now,
                severity=AuditSeverity.WARNING,
                metadata={"cause": "guessed_confirmations", "bank_login_id": str(login.id)},
            )


def _seed(visit_id: UUID, code: str) -> str:
    return f"confirmation of a bank's code:{visit_id}:{code}"


def _proof(visit_id: UUID, confirmation: str) -> str:
    return f"proof of a confirmation:{visit_id}:{confirmation}"


def _hash(pseudonym: str) -> str:
    return sha256(pseudonym.encode()).hexdigest()
