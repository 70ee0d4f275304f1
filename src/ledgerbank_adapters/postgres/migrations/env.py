"""What alembic runs: always on the connection that `postgres_migrations` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
