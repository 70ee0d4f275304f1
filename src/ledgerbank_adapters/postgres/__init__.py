"""The ports of the domain on PostgreSQL 15 or newer."""

from ledgerbank_adapters import requires_extra

with requires_extra("postgres"):
    from ledgerbank_adapters.postgres.postgres_clock import PostgresClock
    from ledgerbank_adapters.postgres.postgres_database import PostgresDatabase, RequestPool
    from ledgerbank_adapters.postgres.postgres_mailbox import PostgresMailbox
    from ledgerbank_adapters.postgres.postgres_migrations import SchemaState, is_up_to_date, upgrade_to_newest
    from ledgerbank_adapters.postgres.postgres_unit_of_work import PostgresStartUnitOfWork, PostgresUnitOfWork
    from ledgerbank_adapters.postgres.statements.postgres_engine import create_postgres_engine

__all__ = [
    "PostgresClock",
    "PostgresDatabase",
    "PostgresMailbox",
    "PostgresStartUnitOfWork",
    "PostgresUnitOfWork",
    "RequestPool",
    "SchemaState",
    "create_postgres_engine",
    "is_up_to_date",
    "upgrade_to_newest",
]
