"""What taking a bank's webhooks promises, over every storage."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.support.races import race, reasons, results
from tests.support.refusals import refusal_of
from tests.support.scenes.gateway_world import WEBHOOK_ADDRESS, WEBHOOK_SECRET
from tests.support.scenes.sync_scene import BETWEEN_SYNCS, SyncScene, sync_scene

from ledgerbank_adapters.bank_http import WebhookUrl
from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.audit.audit_event import AuditFilter, AuditName
from ledgerbank_domain.banking.account import AccountSource
from ledgerbank_domain.banking.bank_login import BankLoginStatus
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import ANONYMOUS
from ledgerbank_domain.identity.page import KeysetRequest, Sort
from ledgerbank_domain.jobs.job import JobKind, JobState
from ledgerbank_domain.ports.bank_gateway import WebhookDelivery, WebhookNotice
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.bank_connections.bank_webhook_service import ReceivedWebhook

NEWS = ReceivedWebhook(duplicate=False, ignored=False)
IGNORED = ReceivedWebhook(duplicate=False, ignored=True)


@pytest.fixture
def scene(start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> Iterator[SyncScene]:
    with sync_scene(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, history_length=3) as opened:
        opened.synced()
        opened.clock.advance(BETWEEN_SYNCS)
        yield opened


def delivery(
    scene: SyncScene, event_id: str = "tx_1", event_type: str = "transaction.created", **fields: Any
) -> WebhookDelivery:
    account = {"account_id": fields.pop("account_id", scene.at_the_bank().id)}
    url = str(WebhookUrl(address=WEBHOOK_ADDRESS, provider="simulated", secret=WEBHOOK_SECRET))
    return WebhookDelivery(
        body=json.dumps({"type": event_type, "data": {"id": event_id, **account}}).encode(),
        headers={},
        query=fields.pop("query", dict(parse_qsl(urlsplit(url).query))),
    )


def receive(scene: SyncScene, delivered: WebhookDelivery, provider: str = "simulated") -> ReceivedWebhook:
    return scene.world.webhooks.receive(ANONYMOUS, provider=provider, delivery=delivered)


def syncs(scene: SyncScene) -> int:
    return len(scene.jobs(JobKind.BANK_SYNC))


def rejections(scene: SyncScene) -> int:
    with scene.start_unit_of_work() as work:
        found = work.audit.list_keyset(
            AuditFilter(name=AuditName.WEBHOOK_REJECTED),
            request=KeysetRequest(sort=Sort(field="occurred_at")),
        )
    return len(found.items)


def test_a_transaction_on_a_known_account_has_its_login_synced_once(scene: SyncScene) -> None:
    before = syncs(scene)

    assert receive(scene, delivery(scene)) == NEWS
    assert syncs(scene) == before + 1
    assert receive(scene, delivery(scene)) == ReceivedWebhook(duplicate=True, ignored=False)
    assert syncs(scene) == before + 1


def test_news_after_a_sync_has_another_one_follow_at_the_banks_pace(scene: SyncScene) -> None:
    """The one that ended may have asked before there was this news."""
    receive(scene, delivery(scene, "tx_1"))
    scene.run_jobs()
    ended, before = scene.clock.now(), syncs(scene)
    scene.clock.advance(timedelta(seconds=5))

    assert receive(scene, delivery(scene, "tx_2")) == NEWS
    assert receive(scene, delivery(scene, "tx_3")) == NEWS

    assert syncs(scene) == before + 1
    assert scene.run_jobs() == []
    scene.clock.advance(timedelta(seconds=9.9))
    assert scene.run_jobs() == []
    scene.clock.advance(timedelta(seconds=0.1))
    (job,) = scene.run_jobs()
    assert job.state is JobState.COMPLETED
    assert scene.login.last_sync_at == ended + timedelta(seconds=15)


def test_news_while_a_sync_runs_has_another_one_follow_it(scene: SyncScene) -> None:
    before = syncs(scene)
    news: list[ReceivedWebhook] = []

    def tell() -> None:
        scene.gateway.before.clear()
        news.append(receive(scene, delivery(scene, "tx_1")))

    scene.gateway.before["list_accounts"] = tell
    scene.request()
    scene.run_jobs()
    ended = scene.login.last_sync_at
    assert ended == scene.clock.now()

    assert (news, syncs(scene)) == ([NEWS], before + 2)
    done: list[JobState] = []
    while not done and scene.clock.now() < ended + timedelta(seconds=20):
        scene.clock.advance(timedelta(seconds=1))
        done += [job.state for job in scene.run_jobs()]
    assert done == [JobState.COMPLETED]
    assert scene.login.last_attempt_at == ended + timedelta(seconds=15)


def test_what_waits_to_begin_serves_all_news_that_comes_until_then(scene: SyncScene) -> None:
    before = syncs(scene)

    for number in range(10):
        assert receive(scene, delivery(scene, f"tx_{number}")) == NEWS

    assert syncs(scene) == before + 1


def test_news_waits_for_the_banks_budget_and_a_customer_does_not(scene: SyncScene) -> None:
    scene.synced()
    scene.gateway.min_sync_interval_seconds = 21_600
    scene.clock.advance(BETWEEN_SYNCS)
    before = syncs(scene)

    assert receive(scene, delivery(scene)) == NEWS
    assert scene.run_jobs() == []
    scene.clock.advance(timedelta(seconds=5))
    asked = scene.request()

    assert syncs(scene) == before + 2
    assert [job.id for job in scene.run_jobs()] == [asked.id]


def test_of_twenty_deliveries_of_one_event_at_once_one_is_no_duplicate(scene: SyncScene) -> None:
    before = syncs(scene)

    outcomes = race([lambda: receive(scene, delivery(scene))] * 20)

    assert reasons(outcomes) == []
    assert [outcome.duplicate for outcome in results(outcomes)].count(False) == 1
    assert syncs(scene) == before + 1


def test_what_is_about_nothing_known_is_noted_and_ignored(scene: SyncScene) -> None:
    before = syncs(scene)

    assert receive(scene, delivery(scene, account_id="acc_nobodys")) == IGNORED
    assert receive(scene, delivery(scene, "tx_2", "transaction.updated")) == IGNORED
    assert receive(scene, delivery(scene, account_id="acc_nobodys")) == ReceivedWebhook(
        duplicate=True, ignored=True
    )
    assert syncs(scene) == before


@pytest.mark.parametrize("lost", ["disconnected", "paused"])
def test_a_login_that_is_not_synced_stays_so(scene: SyncScene, lost: str) -> None:
    if lost == "disconnected":
        scene.world.bank_logins.disconnect(scene.actor, login_id=scene.login_id)
    else:
        scene.change_login(lambda login: replace(login, status=BankLoginStatus.INACTIVE))
    before = syncs(scene)

    assert receive(scene, delivery(scene)) == IGNORED
    assert syncs(scene) == before


def test_a_webhook_without_the_secret_token_is_refused_recorded_and_not_noted(scene: SyncScene) -> None:
    queries: list[dict[str, str]] = [{}, {"token": ""}, {"token": "guessed"}, {"token": "\ud800"}]
    for query in queries:
        assert refusal_of(partial(receive, scene, delivery(scene, query=query))).reason is (
            Reason.INVALID_SIGNATURE
        )

    assert rejections(scene) == 4
    assert receive(scene, delivery(scene)) == NEWS


@pytest.mark.parametrize("provider", ["monzo", "nobody", "", "\ud800", "\0"])
def test_a_provider_that_nobody_knows_is_not_found(scene: SyncScene, provider: str) -> None:
    assert refusal_of(lambda: receive(scene, delivery(scene), provider)).reason is Reason.RESOURCE_NOT_FOUND
    assert rejections(scene) == 0


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"\xff", b'{"type": 1}', b"{" * 100_000])
def test_what_cannot_be_read_is_refused_as_not_the_banks(scene: SyncScene, body: bytes) -> None:
    good = delivery(scene)

    broken = WebhookDelivery(body=body, headers=good.headers, query=good.query)

    assert refusal_of(lambda: receive(scene, broken)).reason is Reason.INVALID_SIGNATURE


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "x" * 256])
def test_an_event_is_noted_whatever_its_id_and_type_look_like(scene: SyncScene, text: str) -> None:
    scene.gateway.answers["verify_webhook"] = lambda _: WebhookNotice(
        event_id=text, event_type=text, external_account_id=text
    )

    assert receive(scene, delivery(scene)) == IGNORED
    assert receive(scene, delivery(scene)) == ReceivedWebhook(duplicate=True, ignored=True)


def test_one_banks_word_counts_for_accounts_at_that_bank_only(scene: SyncScene) -> None:
    elsewhere = scene.given.a_bank(integration_module="monzo")
    branch = scene.given.a_branch(elsewhere)
    login = scene.given.a_login(scene.user, branch, tokens=scene.login.tokens)
    account = scene.given.new_account(
        login, branch, external_account_id="acc_elsewhere", source=AccountSource.PROVIDER
    )
    scene.given.stored(lambda work: work.accounts.add(account))

    assert receive(scene, delivery(scene, account_id="acc_elsewhere")) == IGNORED
