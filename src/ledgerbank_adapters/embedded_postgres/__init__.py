"""A real PostgreSQL server where none is configured: found or brought, shared, stopped at exit."""

from ledgerbank_adapters import requires_extra

with requires_extra("embedded"):
    from ledgerbank_adapters.embedded_postgres.embedded_cluster import EmbeddedPostgres
    from ledgerbank_adapters.embedded_postgres.embedded_postgres_error import (
        EmbeddedPostgresError,
        NoServerBinariesError,
    )
    from ledgerbank_adapters.embedded_postgres.postgres_binaries import ServerBinaries, find_server_binaries
    from ledgerbank_adapters.embedded_postgres.service_account import ServiceAccount

__all__ = [
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "NoServerBinariesError",
    "ServerBinaries",
    "ServiceAccount",
    "find_server_binaries",
]
