"""The store's tables brought up to date by Alembic, whoever else does the same at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_ops.data import database
from lstm_ops.data.store import place
from lstm_ops.errors import NewerStore

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine

MIGRATIONS = Path(__file__).parent / "migrations"
# Not Alembic's own name: MLflow or Prefect may live in the same database, and use that.
VERSION_TABLE = "lstm_ops_store_version"
REVISION = "0001"  # the newest of migrations/versions; told here so that Alembic need not be asked
LOCK = 0x15_7A_0B_5E  # PostgreSQL's advisory locks are numbers; any that nobody else takes


@dataclass(frozen=True)
class Versions:
    """Revision of the database's tables, None where there are none yet, and what the code needs."""

    database: str | None
    code: str = REVISION


def schema_version() -> Versions:
    """Looks, and changes nothing but that a missing SQLite file is made."""
    with place.engine() as engine, engine.connect() as connection:
        return Versions(_revision(connection))


def check_writable() -> None:
    """Raises `SourceUnavailable` where nothing can be written. Leaves nothing behind."""
    from sqlalchemy import delete

    from lstm_ops.data.store.tables import REJECTED

    with migrated() as engine, place.writing(engine) as connection:
        connection.execute(delete(REJECTED).where(REJECTED.c.fingerprint == ""))


def migrated_url() -> str:
    """The store's URL, as `place.url`, once its tables are up to date."""
    with migrated():
        return place.url()


@contextmanager
def migrated() -> Iterator[Engine]:
    """An engine on the store, its tables up to date.

    Raises `NewerStore` where a newer version of the project has been there, `SourceUnavailable`
    where the database does not answer.
    """
    with place.engine() as engine:
        with engine.connect() as connection:
            found = _revision(connection)
        if found != REVISION:
            with place.writing(engine) as connection:
                _migrate(connection)
        yield engine


def _migrate(connection: Connection) -> None:
    from alembic import command

    if connection.dialect.name == "postgresql":  # SQLite's transaction is a lock already
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    _refuse_newer(_revision(connection))  # somebody may have been quicker
    command.upgrade(_config(connection), "head")


def _refuse_newer(found: str | None) -> None:
    if found is None or found in _known():
        return
    raise NewerStore(
        f"the series store {database.told(place.address())} has tables of revision {found}, made "
        f"by a newer version of this project; this one knows {REVISION} and older. Update this "
        f"checkout (git pull, then make set-up), or name another store in {place.VARIABLE}"
    )


def _known() -> set[str]:
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    from alembic.runtime.migration import MigrationContext

    options = {"version_table": VERSION_TABLE}
    return MigrationContext.configure(connection, opts=options).get_current_revision()
