"""What a bank cannot mean is its error, over every storage."""

from dataclasses import replace
from typing import Any

import pytest
from tests.support.scenes.job_steps import last_reason
from tests.support.scenes.sync_scene import (
    CURRENT,
    SyncScene,
)

from ledgerbank_domain.banking.bank_statement import ShownAccounts, StatementPage
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.services.bank_syncs import bank_conversation


def test_an_account_that_comes_back_in_another_currency_is_the_banks_error(scene: SyncScene) -> None:
    scene.run_jobs()
    shown = scene.at_the_bank("Joint Account")
    scene.bank.model.books.add_transaction(shown.id, 100)
    booked = scene.new_lines("Joint Account")

    def in_yen(shown: ShownAccounts) -> ShownAccounts:
        return ShownAccounts(
            accounts=tuple(
                replace(each, currency=CURRENCIES["JPY"]) if each.name == CURRENT else each
                for each in shown.accounts
            )
        )

    scene.gateway.answers["list_accounts"] = in_yen

    job = scene.sync()

    assert last_reason(job) is Reason.BANK_API_ERROR
    assert len(booked()) == 1


def test_pages_that_do_not_end_are_the_banks_error(scene: SyncScene) -> None:
    scene.run_jobs()
    scene.gateway.answers["list_transactions"] = lambda page: replace(page, next_page="again")

    assert last_reason(scene.sync()) is Reason.BANK_API_ERROR
    assert scene.calls("transactions") < 100


def test_pages_that_are_new_for_ever_are_the_banks_error(
    scene: SyncScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.run_jobs()
    monkeypatch.setattr(bank_conversation, "MAX_MOVEMENTS_PER_LOOK", 50)
    asked: list[str | None] = []

    def one_more(*, page: str | None, **_: Any) -> StatementPage:
        asked.append(page)
        assert len(asked) < 1000
        return StatementPage(movements=(), next_page=f"page {len(asked)}")

    scene.gateway.instead["list_transactions"] = one_more

    assert last_reason(scene.sync()) is Reason.BANK_API_ERROR
    assert 50 <= len(asked) < 1000


def test_more_accounts_than_anybody_has_are_the_banks_error(scene: SyncScene) -> None:
    def many(shown: ShownAccounts) -> ShownAccounts:
        one = shown.accounts[0]
        return ShownAccounts(
            accounts=tuple(replace(one, external_id=f"acc_{number}") for number in range(1001))
        )

    scene.gateway.answers["list_accounts"] = many

    assert last_reason(scene.sync()) is Reason.BANK_API_ERROR
    assert scene.accounts() == []
