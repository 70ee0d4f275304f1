"""One bank's accounts as another provider tells of them: by ids and words of its own."""

from dataclasses import replace
from functools import partial
from typing import Any

from tests.support.scenes.sync_scene import SyncScene

from ledgerbank_domain.banking.bank_statement import ShownAccounts, ShownMovement, StatementPage

_ABOUT_ACCOUNTS = ("list_transactions", "get_balance", "register_webhook", "list_webhooks")


class OtherProvider:
    """From now on the scene's gateway is that provider's; ``name`` is what its ids begin with."""

    def __init__(self, scene: SyncScene, *, name: str = "other ", with_numbers: bool = True) -> None:
        self.scene, self.name, self.with_numbers = scene, name, with_numbers
        scene.gateway.answers |= {"list_accounts": self._accounts, "list_transactions": self._page}
        for call in _ABOUT_ACCOUNTS:
            scene.gateway.instead[call] = partial(self._asked, call)

    def is_away(self) -> None:
        """The bank is asked as itself again."""
        self.scene.gateway.answers.clear()
        self.scene.gateway.instead.clear()

    def _accounts(self, shown: ShownAccounts) -> ShownAccounts:
        accounts = (
            replace(
                each,
                external_id=f"{self.name}{each.external_id}",
                number=each.number if self.with_numbers else None,
            )
            for each in shown.accounts
        )
        return replace(shown, accounts=tuple(accounts))

    def _page(self, page: StatementPage) -> StatementPage:
        return replace(
            page,
            movements=tuple(map(self._movement, page.movements)),
            void_ids=frozenset(f"{self.name}{each}" for each in page.void_ids),
        )

    def _movement(self, shown: ShownMovement) -> ShownMovement:
        return replace(
            shown,
            external_id=f"{self.name}{shown.external_id}",
            description=f"CARD {shown.description.upper()}" if self.name else shown.description,
        )

    def _asked(self, call: str, *, account: Any, **arguments: Any) -> Any:
        known = replace(account, external_id=account.external_id.removeprefix(self.name))
        return getattr(self.scene.gateway.real, call)(account=known, **arguments)
