"""What step-up costs whoever pays: no statement where it is off, one look-up by indexes where it is on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event
from tests.support.scenes.service_world import ServiceWorld
from tests.support.scenes.step_up_steps import StepUpScene

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.payments.payment import PaymentDraft
from ledgerbank_domain.payments.step_up import PayeeKey

# Payments of this and of other accounts to many others, so that the planner sees a busy table.
MANY_PAYMENTS = """
    INSERT INTO user_payments (
        id, user_id, user_bank_account_id, amount, currency, direction, payment_type, description, status,
        counterparty_account_id, journal_entry_id, posted_at, inserted_at, updated_at
    )
    SELECT gen_random_uuid(), payer.user_id, payer.account_id, mod(number, 97) + 1, 'GBP', 'DEBIT',
           'TRANSFER', 'Payment ' || number, 'COMPLETED', gen_random_uuid(), gen_random_uuid(), now(), now(),
           now()
    FROM generate_series(1, 4000) AS number, (
        VALUES (%(user)s::uuid, %(account)s::uuid), (gen_random_uuid(), gen_random_uuid())
    ) AS payer (user_id, account_id)
"""


@pytest.fixture
def scene(postgres_engine: Engine) -> StepUpScene:
    clock = MemoryClock()
    world = ServiceWorld(
        start_unit_of_work=PostgresStartUnitOfWork(postgres_engine, clock=clock),
        clock=clock,
        ids=Uuid7IdGenerator(),
    )
    scene = StepUpScene.over(world)
    scene.paid_before(scene.theirs)
    return scene


@contextmanager
def recorded(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []

    def record(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        statements.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", record)


def statements_of(scene: StepUpScene, engine: Engine, drafts: list[PaymentDraft], world: ServiceWorld) -> int:
    with recorded(engine) as statements:
        outcomes = world.payments.create_many([(scene.actor, draft) for draft in drafts])
    assert all(not isinstance(outcome, Exception) for outcome in outcomes)
    return len(statements)


@pytest.mark.parametrize("payments", [1, 50])
def test_it_costs_nothing_where_it_is_off_and_one_look_up_where_somebody_is_paid(
    scene: StepUpScene, postgres_engine: Engine, payments: int
) -> None:
    off, on = scene.world.with_limits(step_up_amount=None), scene.world
    to_somebody = [scene.draft("1", to=scene.theirs) for _ in range(payments)]
    to_nobody = [scene.draft("1") for _ in range(payments)]
    to_oneself = [scene.draft("1", to=scene.savings) for _ in range(payments)]

    def more_where_it_is_on(drafts: list[PaymentDraft]) -> int:
        usual = statements_of(scene, postgres_engine, drafts, off)
        return statements_of(scene, postgres_engine, drafts, on) - usual

    assert more_where_it_is_on(to_nobody) == 0
    assert more_where_it_is_on(to_oneself) == 0
    assert more_where_it_is_on(to_somebody) == 1


def test_who_is_known_is_looked_up_by_indexes_alone(
    scene: StepUpScene, postgres_engine: Engine, database_url: str
) -> None:
    values = {"user": scene.alice.user.id, "account": scene.account.id}
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(MANY_PAYMENTS, values)
        connection.execute("ANALYZE")
    key = PayeeKey(scene.alice.user.id, scene.theirs.id)
    stranger = PayeeKey(scene.alice.user.id, scene.savings.id)

    with recorded(postgres_engine) as statements, scene.world.start_unit_of_work() as work:
        assert work.payees.find_known([key, stranger]) == {key}

    [(statement, parameters)] = statements
    with psycopg.connect(database_url) as connection:
        row = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters).fetchone()
    assert row is not None
    nodes = list(_nodes(row[0][0]["Plan"]))
    assert "user_payments_signature_idx" in {node.get("Index Name") for node in nodes}
    assert "user_payments" not in {
        node.get("Relation Name") for node in nodes if node["Node Type"] == "Seq Scan"
    }


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)
