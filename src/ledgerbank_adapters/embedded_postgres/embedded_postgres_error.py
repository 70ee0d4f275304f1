"""What can go wrong with the embedded PostgreSQL, each said in one sentence that names the remedy."""


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL could not be found, created, started, joined or stopped."""


class NoServerBinariesError(EmbeddedPostgresError):
    """No PostgreSQL server program fits; the message says how to get one."""
