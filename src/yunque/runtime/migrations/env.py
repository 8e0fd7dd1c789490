"""What Alembic runs: the revisions, on the connection and in the transaction that `upgrade` opened."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
)
context.run_migrations()
