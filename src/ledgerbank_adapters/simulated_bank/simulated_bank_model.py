"""The simulated bank itself: one deterministic state for both dialects and the control endpoints."""

import hmac
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Condition

from ledgerbank_adapters.simulated_bank.books.simulated_bank_settings import SimulatedBankSettings
from ledgerbank_adapters.simulated_bank.books.simulated_books import SimulatedBooks, found_in
from ledgerbank_adapters.simulated_bank.books.simulated_habits import SimulatedHabits
from ledgerbank_adapters.simulated_bank.books.simulated_traps import SimulatedTraps
from ledgerbank_adapters.simulated_bank.grants.simulated_consents import SimulatedConsent
from ledgerbank_adapters.simulated_bank.grants.simulated_grants import (
    CONSENT_LIFETIME,
    Authorization,
    Dialect,
    RefusalReason,
    SimulatedGrants,
)
from ledgerbank_adapters.simulated_bank.simulated_faults import CallCount, Fault, FaultPlan


class SimulatedBank:
    """Everything that the bank knows, in memory: its books, who may see them, and the faults to come.

    The ``books`` keep the lock and the time of all of it; ``traps`` make what clients see of them differ.

    The same settings, names and orders of calls give the same content, ids included; only tokens and codes
    come from ``new_secret``, so that one of an earlier run never fits by accident. ``clock`` gives the
    machine's time, aware; :meth:`advance` puts the bank ahead of it.
    """

    def __init__(
        self,
        settings: SimulatedBankSettings,
        *,
        clock: Callable[[], datetime],
        new_secret: Callable[[], str],
    ) -> None:
        self.settings = settings
        self.redirect_uris = set(settings.redirect_uris)
        self.books = SimulatedBooks(settings, clock=clock)
        self.traps = SimulatedTraps(self.books)
        self._new_secret = new_secret
        self._open()

    def _open(self) -> None:
        self.app_approval_required = self.settings.app_approval_required
        self.consents: dict[str, SimulatedConsent] = {}
        self.client_tokens: dict[str, tuple[str, datetime]] = {}
        self.faults = FaultPlan()
        self.grants = SimulatedGrants(self._new_secret, timedelta(seconds=self.settings.access_token_seconds))

    def reset(self) -> None:
        """As if it had just opened: customers, consents, faults, counters and the advanced clock are gone."""
        with self.locked():
            self.books.reset()
            self._open()

    def locked(self) -> AbstractContextManager[Condition]:
        """Nobody else changes or reads the bank meanwhile; whoever waits for a change is woken at the end."""
        return self.books.locked()

    def now(self) -> datetime:
        """The bank's time, in UTC, to the millisecond."""
        return self.books.now()

    def advance(self, seconds: float) -> datetime:
        """Puts the bank's time ahead. Raises NotPossibleError for a negative number."""
        return self.books.advance(seconds)

    @property
    def habits(self) -> SimulatedHabits:
        """How it tells what is in its books."""
        return self.books.habits

    def set_habits(self, habits: SimulatedHabits) -> None:
        with self.locked():
            self.books.habits = habits

    def add_fault(self, fault: Fault) -> None:
        """Behind those still to come."""
        with self.locked():
            self.faults.faults.append(fault)

    def count_of(self, operation: str) -> CallCount:
        """How often it was called since the bank opened; a copy."""
        with self.locked():
            return replace(self.faults.counts.get(operation, CallCount()))

    def knows_client(self, client_id: str, client_secret: str) -> bool:
        known = self.settings.clients.get(client_id)
        return known is not None and hmac.compare_digest(known.encode(), client_secret.encode())

    def authorize(self, authorization: Authorization) -> str:
        """What the customer's approval gives: the code for the client."""
        with self.locked():
            now = self.now()
            if authorization.dialect is Dialect.MONZO:
                ends: datetime | None = now + CONSENT_LIFETIME
            else:
                ends = found_in(self.consents, authorization.consent_id or "").expires_at
            return self.grants.issue_code(authorization, now=now, consent_expires_at=ends)

    def approve_in_app(self, user_id: str) -> int:
        """Customers approve in the bank's app what they consented to; gives how many accesses that were."""
        with self.locked():
            waiting = [each for each in self.grants.of_user(user_id) if each.approved_at is None]
            for grant in waiting:
                grant.approve(self.now())
            return len(waiting)

    def expire_tokens(self, user_id: str | None = None, *, refresh: bool = False) -> int:
        """Access tokens are expired from now on; with ``refresh`` the refresh tokens as well.

        Of all customers when none is named, here and in what follows; each gives how many grants it met.
        """
        with self.locked():
            grants = self.grants.of_user(user_id)
            for grant in grants:
                grant.access_expires_at = self.now()
                grant.refresh_expired = grant.refresh_expired or refresh
            return len(grants)

    def revoke_tokens(self, user_id: str | None = None) -> int:
        """Access and refresh tokens are refused from now on."""
        with self.locked():
            grants = self.grants.of_user(user_id)
            for grant in grants:
                grant.end(RefusalReason.REVOKED)
            return len(grants)

    def expire_full_history(self, user_id: str | None = None) -> int:
        """The five minutes in which the whole history is given are over."""
        with self.locked():
            grants = self.grants.of_user(user_id)
            for grant in grants:
                grant.full_history_until = self.now()
            return len(grants)

    def expire_consents(self, user_id: str | None = None) -> int:
        """The consents' time is over: what 90 days, or a consent's ExpirationDateTime, would do."""
        with self.locked():
            grants = self.grants.of_user(user_id)
            for grant in grants:
                grant.expires_at = self.now()
                if consent := self.consents.get(grant.authorization.consent_id or ""):
                    consent.expires_at = grant.expires_at
            return len(grants)

    def new_client_token(self, client_id: str) -> tuple[str, int]:
        """A token that stands for the client itself, and its lifetime in seconds."""
        with self.locked():
            token = f"client_{self._new_secret()}"
            seconds = self.settings.access_token_seconds
            self.client_tokens[token] = (client_id, self.now() + timedelta(seconds=seconds))
            return token, seconds
