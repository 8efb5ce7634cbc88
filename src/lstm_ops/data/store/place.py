"""Where the store is, and how it is spoken to."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lstm_ops import project
from lstm_ops.data import database
from lstm_ops.errors import InvalidExperiment

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

VARIABLE = "LSTM_OPS_STORE"
FILE = "series.db"
DIALECTS = ("sqlite", "postgresql")
BUSY_SECONDS = database.BUSY_SECONDS


def address() -> URL:
    """Raises `InvalidExperiment` where `LSTM_OPS_STORE` names no SQLite or PostgreSQL database."""
    named = os.environ.get(VARIABLE)
    if not named:
        from sqlalchemy import URL

        return URL.create("sqlite", database=str(project.state_folder() / FILE))
    try:
        found = database.address_of(named)
    except InvalidExperiment as error:
        raise InvalidExperiment(f"{VARIABLE}: {error}") from None
    if found.get_backend_name() not in DIALECTS:
        raise InvalidExperiment(
            f"{VARIABLE}: {database.told(found)} is no database that the series store knows; "
            "needed is one as postgresql+psycopg://ann@host/database or sqlite:///series.db"
        )
    return found


def url() -> str:
    """May hold a password: for programs, never to be shown."""
    return address().render_as_string(hide_password=False)


def shown() -> str:
    """The same for people, without user, password and options."""
    return database.told(address())


@contextmanager
def engine() -> Iterator[Engine]:
    """An engine on the store as it is, its trouble told."""
    place = address()
    with database.trouble_told(place), database.engine_of(place) as found:
        if place.get_backend_name() == "sqlite":
            _prepare_sqlite(found)
        yield found


@contextmanager
def writing(found: Engine) -> Iterator[Connection]:
    """One transaction: all of it is kept, or nothing."""
    with found.execution_options(lstm_ops_begin="BEGIN IMMEDIATE").begin() as connection:
        yield connection


def _prepare_sqlite(found: Engine) -> None:
    """Transactions that begin when we say so, and readers that writers do not keep out.

    Python's driver would begin none before tables are made, nor before something is read; and one
    that begins by reading cannot wait for another to end before it writes.
    """
    from sqlalchemy import event

    @event.listens_for(found, "connect")
    def connected(connection: Any, record: object) -> None:
        del record
        connection.isolation_level = None
        _write_ahead(connection)

    @event.listens_for(found, "begin")
    def begun(connection: Connection) -> None:
        chosen = connection.get_execution_options().get("lstm_ops_begin", "BEGIN")
        connection.exec_driver_sql(chosen)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Kept in the file. SQLite does not wait for others when it changes this, so that we do."""
    until = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
        try:
            if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
                return  # a file system that cannot
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
