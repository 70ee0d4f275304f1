"""Key rotation: sealing everything anew under the newest key, so that an older one can be taken out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar
from uuid import UUID

from ledgerbank_domain.banking.bank_login import BankLogin, SealedTokens
from ledgerbank_domain.banking.oauth_state import OAuthState
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.secret_box import SecretBox
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.banks.bank_token_sealer import (
    access_token_place,
    bank_code_place,
    code_verifier_place,
    refresh_token_place,
)
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.notifications.notification_service import sealed_token_place
from ledgerbank_domain.users.second_factor import second_factor_place

ROWS_AT_ONCE = 500


class _Identified(Protocol):
    @property
    def id(self) -> UUID: ...


R = TypeVar("R", bound=_Identified)


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationReport:
    """``unreadable`` rows are sealed with a key that is not in the ring, or were altered."""

    renewed: int
    current: int
    unreadable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRotationService:
    """Each row is renewed by itself, under lock: interrupted or repeated, nothing is lost or done twice.

    Processes that still have the old ring open nothing of what is renewed: they get the new one first.
    """

    start_unit_of_work: StartUnitOfWork
    secret_box: SecretBox

    def rotate(self) -> RotationReport:
        """All bank tokens, and whatever else is kept sealed."""
        outcomes = [
            *self._each(
                lambda work, after: work.bank_logins.list_sealed(after=after, limit=ROWS_AT_ONCE),
                self._renew_login,
            ),
            *self._each(
                lambda work, after: work.oauth_states.list_sealed(after=after, limit=ROWS_AT_ONCE),
                self._renew_state,
            ),
            *self._each(
                lambda work, after: work.second_factors.list_sealed(after=after, limit=ROWS_AT_ONCE),
                self._renew_factor,
            ),
            *self._each(
                lambda work, after: work.mail_tokens.list_sealed(after=after, limit=ROWS_AT_ONCE),
                self._renew_mail_token,
            ),
        ]
        return RotationReport(
            renewed=outcomes.count(True), current=outcomes.count(False), unreadable=outcomes.count(None)
        )

    def _each(
        self,
        list_after: Callable[[UnitOfWork, UUID | None], Sequence[R]],
        renew: Callable[[UUID], bool],
    ) -> list[bool | None]:
        """Whether each was renewed; None for one that cannot be opened."""
        outcomes: list[bool | None] = []
        after = None
        while True:
            with self.start_unit_of_work() as work:
                rows = list_after(work, after)
            if not rows:
                return outcomes
            outcomes.extend(_unless_unreadable(renew, row.id) for row in rows)
            after = rows[-1].id

    @retried_on_conflict
    def _renew_login(self, login_id: UUID) -> bool:
        with self.start_unit_of_work() as work:
            login = work.bank_logins.find_for_update(login_id)
            if login is None or login.tokens is None or not self._is_outdated(login.tokens):
                return False
            work.bank_logins.save(replace(login, tokens=self._renewed_tokens(login, login.tokens)))
            work.commit()
        return True

    def _is_outdated(self, tokens: SealedTokens) -> bool:
        sealed = (tokens.access, tokens.refresh)
        return any(self.secret_box.is_outdated(each) for each in sealed if each is not None)

    def _renewed_tokens(self, login: BankLogin, tokens: SealedTokens) -> SealedTokens:
        refresh = tokens.refresh
        return replace(
            tokens,
            access=self._renewed(tokens.access, access_token_place(login.id)),
            refresh=None if refresh is None else self._renewed(refresh, refresh_token_place(login.id)),
        )

    @retried_on_conflict
    def _renew_state(self, state_id: UUID) -> bool:
        with self.start_unit_of_work() as work:
            state = work.oauth_states.find_for_update(state_id)
            if state is None:
                return False
            renewed = self._renewed_state(state)
            if renewed == state:
                return False
            work.oauth_states.save(renewed)
            work.commit()
        return True

    def _renewed_state(self, state: OAuthState) -> OAuthState:
        verifier, kept = state.code_verifier, state.kept
        if verifier is not None and self.secret_box.is_outdated(verifier):
            state = replace(state, code_verifier=self._renewed(verifier, code_verifier_place(state.id)))
        if kept is not None and self.secret_box.is_outdated(kept.code):
            code = self._renewed(kept.code, bank_code_place(state.id))
            state = replace(state, kept=replace(kept, code=code))
        return state

    @retried_on_conflict
    def _renew_factor(self, factor_id: UUID) -> bool:
        with self.start_unit_of_work() as work:
            seen = work.second_factors.find(factor_id)
            if seen is None or work.users.find_for_update(seen.user_id) is None:
                return False
            factor = work.second_factors.find(factor_id)
            if factor is None or not self.secret_box.is_outdated(factor.secret):
                return False
            renewed = self._renewed(factor.secret, second_factor_place(factor_id))
            work.second_factors.save(replace(factor, secret=renewed))
            work.commit()
        return True

    @retried_on_conflict
    def _renew_mail_token(self, token_id: UUID) -> bool:
        with self.start_unit_of_work() as work:
            token = work.mail_tokens.find_for_update(token_id)
            if token is None or token.sealed is None or not self.secret_box.is_outdated(token.sealed):
                return False
            renewed = self._renewed(token.sealed, sealed_token_place(token_id))
            work.mail_tokens.save_sealed(token.resealed(renewed, at=work.now()))
            work.commit()
        return True

    def _renewed(self, sealed: bytes, place: str) -> bytes:
        return self.secret_box.seal(self.secret_box.open(sealed, bound_to=place), bound_to=place)


def _unless_unreadable(renew: Callable[[UUID], bool], row_id: UUID) -> bool | None:
    try:
        return renew(row_id)
    except DomainError as error:
        if error.reason is not Reason.CONFIGURATION_ERROR:
            raise
        return None
