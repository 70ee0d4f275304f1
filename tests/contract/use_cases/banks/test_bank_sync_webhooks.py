"""Webhooks are looked after at each sync: what is missing is registered, what is outdated is taken back."""

import dataclasses
from datetime import timedelta

import httpx
import pytest
from tests.support.scenes.bank_troubles import order, told
from tests.support.scenes.gateway_world import OPEN_BANKING_UK, WEBHOOK_ADDRESS, WEBHOOK_SECRET
from tests.support.scenes.sync_scene import SyncScene, sync_scene

from ledgerbank_adapters.bank_http import WebhookUrl
from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.banking.bank_login import BankLoginStatus
from ledgerbank_domain.banking.feed_warning import FeedFault, FeedWarning, RecordKind
from ledgerbank_domain.jobs.job import JobState
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork

OURS = str(WebhookUrl(address=WEBHOOK_ADDRESS, provider="simulated", secret=WEBHOOK_SECRET))
OUTDATED = str(WebhookUrl(address=WEBHOOK_ADDRESS, provider="simulated", secret=b"another secret"))


@pytest.fixture
def scene(scene_of_short_history: SyncScene) -> SyncScene:
    scene_of_short_history.run_jobs()
    return scene_of_short_history


def urls(scene: SyncScene) -> dict[str, list[str]]:
    """Of each account at the bank."""
    registered = scene.bank.model.books.webhooks
    shown = [account.external_account_id for account in scene.accounts() if account.fed]
    return {each: sorted(hook.url for hook in registered.of_account(each)) for each in shown if each}


def each_has_one(scene: SyncScene) -> bool:
    found = urls(scene)
    return bool(found) and all(hooks == [OURS] for hooks in found.values())


def no_webhook(scene: SyncScene) -> list[FeedWarning]:
    return [each for each in scene.login.warnings if each.why is FeedFault.NO_WEBHOOK]


def test_a_webhook_that_is_gone_is_registered_again_by_the_next_sync(scene: SyncScene) -> None:
    assert each_has_one(scene)
    scene.bank.model.books.webhooks.registered.clear()

    scene.synced()

    assert each_has_one(scene)
    assert no_webhook(scene) == []


@pytest.mark.parametrize("operation", ["webhooks.list", "webhooks.register"])
def test_a_webhook_that_could_not_be_registered_is_told_and_asked_for_at_each_sync(
    scene: SyncScene, operation: str
) -> None:
    scene.bank.model.books.webhooks.registered.clear()
    order(scene, operation, status=500)

    job = scene.sync()

    assert (job.state, told(scene.login)) == (JobState.COMPLETED, (BankLoginStatus.ACTIVE, None))
    (warning,) = no_webhook(scene)
    assert warning == FeedWarning(
        kind=RecordKind.ACCOUNT,
        external_account_id=warning.external_id,
        external_id=warning.external_id,
        field="webhook",
        why=FeedFault.NO_WEBHOOK,
        at=warning.at,
    )
    assert warning.external_id in urls(scene)
    scene.synced()
    assert each_has_one(scene)
    assert no_webhook(scene) == []


def test_an_account_that_comes_later_gets_its_webhook_too(scene: SyncScene) -> None:
    late = scene.bank.model.books.webhooks
    hidden = scene.at_the_bank("Joint Account").id
    late.registered = {key: hook for key, hook in late.registered.items() if hook.account_id != hidden}

    scene.synced()

    assert urls(scene)[hidden] == [OURS]


def test_webhooks_of_another_secret_are_replaced_and_those_of_others_left_alone(scene: SyncScene) -> None:
    hooks = scene.bank.model.books.webhooks
    hooks.registered = {
        key: dataclasses.replace(hook, url=OUTDATED) for key, hook in hooks.registered.items()
    }
    some = next(iter(hooks.registered.values()))
    others = dataclasses.replace(some, url="https://somebody.else/hook", id="of others")
    hooks.registered["of others"] = others

    scene.synced()

    found = urls(scene)
    assert found.pop(some.account_id) == sorted([OURS, "https://somebody.else/hook"])
    assert all(each == [OURS] for each in found.values())


def test_a_webhook_of_before_that_the_bank_does_not_remove_is_no_failure_and_tried_again(
    scene: SyncScene,
) -> None:
    hooks = scene.bank.model.books.webhooks
    hooks.registered = {
        key: dataclasses.replace(hook, url=OUTDATED) for key, hook in hooks.registered.items()
    }
    order(scene, "webhooks.delete", status=500)

    scene.synced()
    assert no_webhook(scene) == []
    scene.clock.advance(timedelta(minutes=1))
    scene.synced()

    assert each_has_one(scene)


def test_a_token_that_is_refused_at_the_webhooks_is_renewed(scene: SyncScene) -> None:
    scene.bank.model.books.webhooks.registered.clear()

    def expire() -> None:
        scene.gateway.before.clear()
        scene.bank.model.expire_tokens()

    scene.gateway.before["register_webhook"] = expire

    scene.synced()

    assert each_has_one(scene)


def test_a_bank_without_webhooks_is_asked_for_none(
    start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator
) -> None:
    with sync_scene(
        start_unit_of_work=start_unit_of_work,
        clock=clock,
        ids=ids,
        dialect=OPEN_BANKING_UK,
        history_length=3,
    ) as scene:
        scene.synced()
        assert scene.login.warnings == ()
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{scene.bank.url}/webhooks").raise_for_status()
