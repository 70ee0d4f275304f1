"""The one place through which a sync asks its bank."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import AccessTokenRefused, BankTokens
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.services.bank_sync_lease import SyncLeaseLost, SyncLeases, SyncRun
from ledgerbank_domain.services.bank_token_sealer import BankTokenSealer, OpenedTokens

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class BankConversation:
    """Belongs to one sync and its thread. No unit of work may be open while it asks."""

    run: SyncRun
    leases: SyncLeases
    sealer: BankTokenSealer
    clock: Clock
    tokens: OpenedTokens

    def ask(self, call: Callable[[str], T]) -> T:
        """What the bank answers to a call with the access token, which is renewed once when it is refused.

        Raises ``timeout`` past the sync's deadline, ``bank_consent_required`` when the bank wants to see its
        customer, :class:`SyncLeaseLost`, and what the call raises.
        """
        self._check_deadline()
        try:
            return call(self.tokens.access)
        except AccessTokenRefused:
            self.renew_tokens()
        self._check_deadline()
        try:
            return call(self.tokens.access)
        except AccessTokenRefused:
            raise DomainError(Reason.BANK_CONSENT_REQUIRED) from None

    def renew_tokens(self) -> None:
        """The new tokens are stored before they are used: the old ones may be good for nothing now."""
        refresh_token = self.tokens.refresh
        if refresh_token is None:
            raise DomainError(Reason.BANK_CONSENT_REQUIRED)
        self._check_deadline()
        renewed = self.run.gateway.refresh(refresh_token=refresh_token)
        if renewed.refresh_token is None:
            # RFC 6749 §6: without a new refresh token the old one goes on.
            renewed = replace(renewed, refresh_token=refresh_token)
        sealed = self.sealer.seal(renewed, login_id=self.run.login.id)
        if not self.leases.store_tokens(self.run, sealed):
            self._revoke(renewed)
            raise SyncLeaseLost
        self.tokens = OpenedTokens(access=renewed.access_token, refresh=renewed.refresh_token)

    def _revoke(self, tokens: BankTokens) -> None:
        """The customer disconnected while they were on their way: the bank was told of the old ones only."""
        with suppress(AccessTokenRefused, DomainError):
            self.run.gateway.revoke(
                access_token=tokens.access_token, provider_user_id=self.run.login.provider_user_id
            )

    def _check_deadline(self) -> None:
        if self.clock.now() >= self.run.deadline:
            raise DomainError(Reason.TIMEOUT, message="The sync took longer than it may.")
