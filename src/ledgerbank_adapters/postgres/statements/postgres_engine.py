"""The connection pool, and what every connection of it is told at its start."""

from math import inf

from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError

DEFAULT_POOL_SIZE = 10
CONNECT_TIMEOUT_SECONDS = 5
# How long a unit of work waits for a free connection: less than a client waits for its answer.
POOL_TIMEOUT_SECONDS = 10
# A lock is waited for less long than a statement, so that a jam ends as a conflict, which is tried again.
LOCK_TIMEOUT_SECONDS = 10
STATEMENT_TIMEOUT_SECONDS = 30
# A process that hangs inside a unit of work must not keep its locks any longer than it is taken for alive:
# what it was doing is to go on elsewhere.
IDLE_IN_TRANSACTION_TIMEOUT_SECONDS = 20
# The option of an engine that tells how long any statement on its connections may take.
STATEMENT_LIMIT = "ledgerbank_statement_limit"
# Renewing a connection now and then gives memory back and follows a changed address.
RECYCLE_SECONDS = 1800


def create_postgres_engine(
    url: str,
    *,
    pool_size: int = DEFAULT_POOL_SIZE,
    application_name: str = "ledgerbank",
    statement_timeout_seconds: int = STATEMENT_TIMEOUT_SECONDS,
    lock_timeout_seconds: int = LOCK_TIMEOUT_SECONDS,
) -> Engine:
    """An engine with at most ``pool_size`` connections; none is made before the first use.

    ``url`` is ``postgresql://user:password@host/database`` with libpq's parameters, see
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS

    Connections are not pinged before use: that costs every unit of work a round trip. Instead the first
    statement of a unit is repeated on a new connection when the one from the pool turns out to be dead
    (see ``PostgresSession``), so that a restart of the server goes unnoticed.
    """
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    return create_engine(
        parsed,
        execution_options={STATEMENT_LIMIT: float(statement_timeout_seconds)},
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_recycle=RECYCLE_SECONDS,
        # The connection used last comes first: what a quiet time does not need grows old and is renewed.
        pool_use_lifo=True,
        isolation_level="READ COMMITTED",
        # Asking for the hstore type costs every new connection a query; nothing here uses it.
        use_native_hstore=False,
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": application_name,
            "client_encoding": "utf8",
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "options": _with_server_settings(
                parsed,
                TimeZone="UTC",
                statement_timeout=f"{statement_timeout_seconds}s",
                lock_timeout=f"{lock_timeout_seconds}s",
                idle_in_transaction_session_timeout=f"{IDLE_IN_TRANSACTION_TIMEOUT_SECONDS}s",
            ),
        },
    )


def statement_limit_of(engine: Engine) -> float:
    """In seconds; infinite for an engine that was made elsewhere."""
    return float(engine.get_execution_options().get(STATEMENT_LIMIT, inf))


def connect_alive(engine: Engine) -> Connection:
    """A connection that answered just now: one that died in the pool is replaced."""
    connection = engine.connect()
    try:
        connection.exec_driver_sql("SELECT 1")
    except DBAPIError as error:
        connection.close()
        if not error.connection_invalidated:
            raise
        return engine.connect()
    return connection


def _with_server_settings(url: URL, **settings: str) -> str:
    """Our settings, before those that the URL brings: the server takes the last one it reads."""
    given = url.query.get("options", ())
    ours = [f"-c {name}={value}" for name, value in settings.items()]
    return " ".join([*ours, *([given] if isinstance(given, str) else given)])
