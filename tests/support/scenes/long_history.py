"""A bank whose history is long and whose answers are slow: one account of a scene, told page by page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.support.scenes.sync_scene import CURRENT, SyncScene

from ledgerbank_domain.banking.bank_statement import ShownBalance, ShownMovement, StatementPage
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money

GBP = parse_currency("GBP")


def pounds(pennies: int) -> Money:
    return Money(Decimal(pennies) / 100, GBP)


@dataclass(slots=True, kw_only=True)
class LongHistory:
    """Stands in for the bank where one account is asked about; each answer takes ``seconds``.

    ``asked`` are the pages of the whole history that were asked for, by their first movement's place, and -1
    for each other one; ``failures`` are those that fail, by how many were asked for before.
    """

    scene: SyncScene
    movements: list[ShownMovement]
    opening: int
    per_page: int = 10
    seconds: float = 0.4
    newest_first: bool = False
    label: str = CURRENT
    asked: list[int] = field(default_factory=list)
    failures: Mapping[int, Reason] = field(default_factory=dict)
    _external_id: str = field(init=False)

    def __post_init__(self) -> None:
        self._external_id = self.scene.at_the_bank(self.label).id
        self.scene.gateway.instead["list_transactions"] = self._list
        self.scene.gateway.instead["get_balance"] = self._balance

    @property
    def balance(self) -> Money:
        total = pounds(self.opening)
        for movement in self.movements:
            total += movement.signed_amount
        return total

    def add(self, pennies: int, *, at: datetime | None = None, pending: bool = False) -> None:
        self.movements.append(
            movement_of(
                len(self.movements),
                pennies,
                at=at or self.scene.clock.now() - timedelta(seconds=1),
                pending=pending,
            )
        )

    def _list(
        self,
        *,
        access_token: str,
        account: Any,
        since: datetime | None,
        before: datetime,
        limit: int = 100,
        page: str | None = None,
    ) -> StatementPage:
        if account.external_id != self._external_id:
            return self.scene.gateway.real.list_transactions(
                access_token=access_token, account=account, since=since, before=before, limit=limit, page=page
            )
        self.scene.clock.advance(timedelta(seconds=self.seconds))
        listed = sorted(self.movements, key=lambda shown: shown.posted_at, reverse=self.newest_first)
        told = [
            each for each in listed if (since is None or each.posted_at >= since) and each.posted_at < before
        ]
        start = 0 if page is None else int(page.partition("@")[0])
        self.asked.append(start if since is None else -1)
        if reason := self.failures.get(len(self.asked) - 1):
            raise DomainError(reason)
        end = start + self.per_page
        more = f"{end}@{self._external_id}" if end < len(told) else None
        return StatementPage(movements=tuple(told[start:end]), next_page=more)

    def _balance(self, *, access_token: str, account: Any) -> ShownBalance:
        if account.external_id != self._external_id:
            return self.scene.gateway.real.get_balance(access_token=access_token, account=account)
        self.scene.clock.advance(timedelta(seconds=self.seconds))
        return ShownBalance(amount=self.balance, counts_pending=True)


def movement_of(number: int, pennies: int, *, at: datetime, pending: bool = False) -> ShownMovement:
    return ShownMovement(
        external_id=f"long_{number}",
        direction=Direction.CREDIT if pennies > 0 else Direction.DEBIT,
        amount=pounds(abs(pennies)),
        description=f"Movement {number}",
        posted_at=at,
        pending=pending,
    )


def long_history(scene: SyncScene, length: int, *, opening: int = 12_345, **fields: Any) -> LongHistory:
    """So many movements, one every six hours, the last one a day ago."""
    last = scene.clock.now() - timedelta(days=1)
    movements = [
        movement_of(number, 701 - 13 * (number % 100), at=last - timedelta(hours=6) * (length - number))
        for number in range(length)
    ]
    return LongHistory(scene=scene, movements=movements, opening=opening, **fields)
