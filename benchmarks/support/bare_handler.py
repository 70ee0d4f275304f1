"""What `http_requests.py` compares with: Starlette and psycopg with the same SQL, and nothing else.

No tokens, no rules, no limits, no envelope: the floor under which no server in this stack can go.
"""

import json
import os
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any
from uuid import UUID, uuid4

import psycopg
from anyio import to_thread
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

POOL_SIZE = 10

CALLER = """
    SELECT users.*, asked.session_id, EXISTS (
        SELECT FROM refresh_tokens AS token
        WHERE token.session_id = asked.session_id AND token.user_id = users.id
          AND token.revoked_at IS NULL AND token.expires_at > %(now)s
    ) AS session_is_live
    FROM unnest(%(user_ids)s::uuid[], %(session_ids)s::uuid[]) AS asked (user_id, session_id)
    JOIN users ON users.id = asked.user_id
"""
PAYMENT = "SELECT * FROM user_payments WHERE id = ANY (%s) ORDER BY id"
PAYER = "SELECT * FROM users WHERE id = ANY (%s) ORDER BY id FOR SHARE"
ACCOUNT = "SELECT * FROM user_bank_accounts WHERE id = ANY (%s)"
NEW_PAYMENT = """
    INSERT INTO user_payments (id, user_id, user_bank_account_id, amount, currency, direction, payment_type,
                               description, status, inserted_at, updated_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'PENDING', %s, %s)
"""
NEW_EVENT = """
    INSERT INTO audit_events (id, occurred_at, event, severity, outcome, target_type, target_id, metadata)
    VALUES (%s, %s, 'payment.created', 'info', 'success', 'payment', %s, %s)
"""


def create_bare_application() -> Starlette:
    """For ``uvicorn --factory``; BENCH_USER_ID and BENCH_SESSION_ID say who calls."""
    connections: SimpleQueue[psycopg.Connection[dict[str, Any]]] = SimpleQueue()
    for _ in range(POOL_SIZE):
        connection = psycopg.connect(os.environ["DATABASE_URL"], row_factory=dict_row)
        connection.prepare_threshold = 1
        connections.put(connection)
    caller = [UUID(os.environ["BENCH_USER_ID"])]
    session = [UUID(os.environ["BENCH_SESSION_ID"])]

    def identify(connection: psycopg.Connection[dict[str, Any]]) -> None:
        with connection.transaction():
            connection.execute(
                CALLER, {"user_ids": caller, "session_ids": session, "now": datetime.now(UTC)}
            ).fetchone()

    def read(payment_id: str) -> object:
        connection = connections.get()
        try:
            identify(connection)
            with connection.transaction():
                return connection.execute(PAYMENT, [[UUID(payment_id)]]).fetchone()
        finally:
            connections.put(connection)

    def create(body: dict[str, str]) -> object:
        connection, payment_id, now = connections.get(), uuid4(), datetime.now(UTC)
        account_id = UUID(body["user_bank_account_id"])
        try:
            identify(connection)
            with connection.transaction():
                connection.execute(PAYER, [caller]).fetchone()
                connection.execute(ACCOUNT, [[account_id]]).fetchone()
                connection.execute(
                    NEW_PAYMENT,
                    [
                        payment_id,
                        caller[0],
                        account_id,
                        body["amount"],
                        "GBP",
                        body["direction"],
                        body["payment_type"],
                        body["description"],
                        now,
                        now,
                    ],
                )
                connection.execute(NEW_EVENT, [uuid4(), now, payment_id, Jsonb({})])
            return {"id": payment_id} | body
        finally:
            connections.put(connection)

    async def get_payment(request: Request) -> Response:
        return _json(await to_thread.run_sync(read, request.path_params["id"]))

    async def post_payment(request: Request) -> Response:
        return _json(await to_thread.run_sync(create, await request.json()), status=201)

    return Starlette(
        routes=[
            Route("/api/v1/health/ready", lambda _: _json({})),
            Route("/api/v1/payments", post_payment, methods=["POST"]),
            Route("/api/v1/payments/{id}", get_payment),
        ]
    )


def _json(content: object, status: int = 200) -> Response:
    return Response(json.dumps(content, default=str), status_code=status, media_type="application/json")
