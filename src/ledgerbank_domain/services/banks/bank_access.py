"""Webhooks registered and taken back, and accesses revoked at banks: all of it best effort.

Nothing here is called while a unit of work is open, and no failure of a bank gets out: whoever connects or
disconnects is done with it anyway. What became of the calls is counted where they are made.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.bank_statement import ShownAccount
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ports.bank_gateway import AccessTokenRefused, ApprovalPending, BankGateway
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.banks.bank_gateway_lookup import Gateways, bank_of_branch, gateway_of
from ledgerbank_domain.services.banks.bank_token_sealer import BankTokenSealer

T = TypeVar("T")

# Somebody waits for the answer to their request meanwhile: after this accesses are revoked, and nothing else.
PATIENCE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccess:
    """What it takes to ask a bank about one customer."""

    gateway: BankGateway
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    provider_user_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccesses:
    """Registers webhooks at banks, removes them and ends accesses: all of it best effort.

    A bank that fails or refuses is left alone, and once ``PATIENCE`` is over no further webhook is asked
    about.
    """

    gateways: Gateways
    sealer: BankTokenSealer
    clock: Clock

    def held_by(self, work: UnitOfWork, logins: Iterable[BankLogin]) -> list[BankAccess]:
        """The accesses that logins stand for, before their tokens are erased: those that can be ended."""
        found = [self._access_of(work, login) for login in logins if login.tokens is not None]
        return [access for access in found if access is not None]

    def register_webhooks(self, access: BankAccess) -> None:
        """Asks the bank for notices about each of the customer's accounts."""

        def register(account: ShownAccount) -> None:
            access.gateway.register_webhook(access_token=access.access_token, account=account)

        self._with_each_account(access, register, self.clock.now() + PATIENCE)

    def end(self, accesses: Sequence[BankAccess]) -> None:
        """Removes the webhooks that lead to us, and the access itself."""
        deadline = self.clock.now() + PATIENCE
        for access in accesses:
            self._with_each_account(access, partial(self._remove_webhooks, access, deadline), deadline)
            self.revoke([access])

    def revoke(self, accesses: Sequence[BankAccess]) -> None:
        """Ends the accesses only: webhooks are the client's and stay, for others that take their place."""
        for access in accesses:
            _attempted(partial(_revoke, access))

    def _access_of(self, work: UnitOfWork, login: BankLogin) -> BankAccess | None:
        gateway = gateway_of(bank_of_branch(work, login.bank_branch_id), self.gateways)
        if gateway is None:
            return None
        try:
            tokens = self.sealer.open(login)
        except DomainError:
            # The key is gone, and with it the access: it ends at the bank by itself.
            return None
        return BankAccess(
            gateway=gateway,
            access_token=tokens.access,
            refresh_token=tokens.refresh,
            provider_user_id=login.provider_user_id,
        )

    def _remove_webhooks(self, access: BankAccess, deadline: datetime, account: ShownAccount) -> None:
        gateway, token = access.gateway, access.access_token
        for webhook_id in gateway.list_webhooks(access_token=token, account=account):
            if self.clock.now() >= deadline:
                return
            gateway.delete_webhook(access_token=token, webhook_id=webhook_id)

    def _with_each_account(
        self, access: BankAccess, act: Callable[[ShownAccount], None], deadline: datetime
    ) -> None:
        if self.clock.now() >= deadline:
            return
        shown = _attempted(lambda: access.gateway.list_accounts(access_token=access.access_token))
        for account in shown.accounts if shown else ():
            if self.clock.now() < deadline:
                _attempted(partial(act, account))


def _revoke(access: BankAccess) -> None:
    """A token that has expired ends nothing: it is renewed for that."""
    try:
        access.gateway.revoke(access_token=access.access_token, provider_user_id=access.provider_user_id)
    except AccessTokenRefused:
        if access.refresh_token is None:
            raise
        renewed = access.gateway.refresh(refresh_token=access.refresh_token)
        access.gateway.revoke(access_token=renewed.access_token, provider_user_id=access.provider_user_id)


def _attempted(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except (DomainError, AccessTokenRefused, ApprovalPending):
        return None
