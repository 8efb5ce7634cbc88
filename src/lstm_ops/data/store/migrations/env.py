"""What Alembic runs: the migrations that are missing, on the connection that it is handed."""

from alembic import context

from lstm_ops.data.store.schema import VERSION_TABLE


def migrate() -> None:
    """In the transaction of whoever hands the connection over."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, version_table=VERSION_TABLE)
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic runs it; importing it does nothing
    migrate()
