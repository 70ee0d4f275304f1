"""The one place through which a sync asks its bank: tokens, renewals, pages and the deadline are its own."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias, TypeVar

from ledgerbank_domain.banking.bank_login import BankLogin, SealedTokens
from ledgerbank_domain.banking.bank_statement import (
    BankStatement,
    ShownAccount,
    ShownAccounts,
    ShownBalance,
    StatementPage,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import (
    AccessTokenRefused,
    ApprovalPending,
    BankGateway,
    BankTokens,
)
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.services.bank_syncs.bank_sync_fence import SyncLeaseLost
from ledgerbank_domain.services.banks.bank_token_sealer import BankTokenSealer, OpenedTokens

APPROVAL_AWAITED_FOR = timedelta(minutes=5)
# They are held in memory together; a busy company's whole history is a fraction of it.
MAX_MOVEMENTS_PER_LOOK = 200_000
# A bank whose clock is ahead of ours dates what has just happened after our now.
CLOCKS_MAY_DIFFER_BY = timedelta(minutes=5)
ZONES_MAY_DIFFER_BY = timedelta(days=1)

T = TypeVar("T")

KeepTokens: TypeAlias = Callable[[SealedTokens], bool]
"""Keeps renewed tokens in place of the old ones; False when nobody wants them any more.

Raises :class:`SyncLeaseLost`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankConversations:
    """What it takes to begin one; ``storage_clock`` is by which deadlines were set."""

    sealer: BankTokenSealer
    storage_clock: Clock

    def begin(
        self, login: BankLogin, gateway: BankGateway, *, deadline: datetime, keep_tokens: KeepTokens
    ) -> "BankConversation":
        """A conversation about this login, kept to the deadline. Asks nothing yet."""
        return BankConversation(
            login=login, gateway=gateway, deadline=deadline, keep_tokens=keep_tokens, means=self
        )


@dataclass(slots=True, kw_only=True)
class BankConversation:
    """Belongs to one sync and its thread. No unit of work may be open while it asks.

    Whatever it is asked raises ``timeout`` past the sync's deadline, ``bank_consent_required`` when the bank
    wants to see its customer, ``configuration_error`` when the tokens cannot be opened,
    :class:`SyncLeaseLost`, and what :class:`BankGateway` says of every call.
    """

    login: BankLogin
    gateway: BankGateway
    deadline: datetime
    keep_tokens: KeepTokens
    means: BankConversations
    _tokens: OpenedTokens | None = field(default=None, init=False)

    def accounts(self) -> ShownAccounts:
        """Raises also :class:`ApprovalPending`, while it is worth waiting for."""
        try:
            return self._ask(lambda token: self.gateway.list_accounts(access_token=token))
        except ApprovalPending:
            connected_at = self.login.connected_at
            if connected_at is None or self.now() - connected_at >= APPROVAL_AWAITED_FOR:
                raise DomainError(Reason.BANK_CONSENT_REQUIRED) from None
            raise

    def statement_of(self, shown: ShownAccount, *, since: datetime | None) -> BankStatement:
        """All pages up to one moment, then the balance. Raises also ``bank_api_error`` for endless pages."""
        before = self.now() + CLOCKS_MAY_DIFFER_BY
        pages = self.pages_of(shown, since=since, before=before)
        return BankStatement.from_pages(
            pages, balance=self.balance_of(shown), begins_at=since, ends_at=before
        )

    def pages_of(
        self, shown: ShownAccount, *, since: datetime | None, before: datetime
    ) -> list[StatementPage]:
        """All pages. Raises also ``bank_api_error`` when they do not end."""
        pages = [self.page_of(shown, since=since, before=before, page=None)]
        while (wanted := pages[-1].next_page) is not None:
            check_pages_end(pages)
            pages.append(self.page_of(shown, since=since, before=before, page=wanted))
        return pages

    def page_of(
        self, shown: ShownAccount, *, since: datetime | None, before: datetime, page: str | None
    ) -> StatementPage:
        """One page of what the bank lists, as :meth:`BankGateway.list_transactions` says.

        It is asked from a day earlier than ``since``, for it may read times in a zone of its own.
        """
        asked = None if since is None else since - ZONES_MAY_DIFFER_BY
        return self._ask(
            lambda token: self.gateway.list_transactions(
                access_token=token, account=shown, since=asked, before=before, page=page
            )
        )

    def balance_of(self, shown: ShownAccount) -> ShownBalance:
        """What the bank says is on the account now."""
        return self._ask(lambda token: self.gateway.get_balance(access_token=token, account=shown))

    def now(self) -> datetime:
        """By the clock by which its deadline was set."""
        return self.means.storage_clock.now()

    def check_deadline(self) -> None:
        """Raises ``timeout`` when the sync's time is up."""
        if self.now() >= self.deadline:
            raise DomainError(Reason.TIMEOUT, message="The sync took longer than it may.")

    def without_webhook(self, accounts: Iterable[ShownAccount]) -> list[ShownAccount]:
        """Sees to it that the bank tells of news of each account; gives those for which that failed.

        A sync that was too late for that is not: they are looked after by the next one.
        """
        failed: list[ShownAccount] = []
        for account in accounts:
            try:
                self._ask(partial(self._register_webhook, account))
            except DomainError:
                failed.append(account)
        return failed

    def _register_webhook(self, account: ShownAccount, token: str) -> None:
        self.gateway.register_webhook(access_token=token, account=account)

    def _ask(self, call: Callable[[str], T]) -> T:
        """What the bank answers to a call with the access token, which is renewed once when it is refused."""
        tokens = self._opened()
        self.check_deadline()
        try:
            return call(tokens.access)
        except AccessTokenRefused:
            tokens = self._renewed(tokens)
        self.check_deadline()
        try:
            return call(tokens.access)
        except AccessTokenRefused:
            raise DomainError(Reason.BANK_CONSENT_REQUIRED) from None

    def _opened(self) -> OpenedTokens:
        """Opened when they are first needed, and renewed then if they are near their end."""
        if self._tokens is None:
            self._tokens = self.means.sealer.open(self.login)
            if self.login.needs_refresh(self.now()):
                self._tokens = self._renewed(self._tokens)
        return self._tokens

    def _renewed(self, tokens: OpenedTokens) -> OpenedTokens:
        """The new tokens are stored before they are used: the old ones may be good for nothing now."""
        if tokens.refresh is None:
            raise DomainError(Reason.BANK_CONSENT_REQUIRED)
        self.check_deadline()
        renewed = self.gateway.refresh(refresh_token=tokens.refresh)
        if renewed.refresh_token is None:
            # RFC 6749 §6: without a new refresh token the old one goes on.
            renewed = replace(renewed, refresh_token=tokens.refresh)
        if not self.keep_tokens(self.means.sealer.seal(renewed, login_id=self.login.id)):
            self._revoke(renewed)
            raise SyncLeaseLost
        self._tokens = OpenedTokens(access=renewed.access_token, refresh=renewed.refresh_token)
        return self._tokens

    def _revoke(self, tokens: BankTokens) -> None:
        """The customer disconnected while they were on their way: the bank was told of the old ones only."""
        with suppress(AccessTokenRefused, DomainError):
            self.gateway.revoke(
                access_token=tokens.access_token, provider_user_id=self.login.provider_user_id
            )


def check_pages_end(pages: Sequence[StatementPage]) -> None:
    """Raises ``bank_api_error`` when the last of the pages leads to one that was asked for, or nowhere."""
    told = sum(len(page.movements) + len(page.void_ids) + len(page.unread) + 1 for page in pages)
    # A page counts too, so that empty ones come to an end as well.
    if told > MAX_MOVEMENTS_PER_LOOK or pages[-1].next_page in {page.next_page for page in pages[:-1]}:
        raise DomainError(Reason.BANK_API_ERROR, message="The bank's pages of transactions do not end")
