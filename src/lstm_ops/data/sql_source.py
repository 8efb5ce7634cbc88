"""Series in databases: the project's own store, and tables and queries of the user's."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lstm_ops.data import contract, database, store
from lstm_ops.data.raw import RawSeries
from lstm_ops.errors import InvalidExperiment, UnreadableSeries
from lstm_ops.experiment import SqlSource

if TYPE_CHECKING:
    from sqlalchemy import URL, ColumnClause, Connection, CursorResult, Engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.types import TypeEngine

    Ask = Callable[[Connection], CursorResult[Any]]

OFTEN_THE_USERS = 1  # SQLITE_ERROR: a table, a column or a word that is not there
READ_ONLY = 8  # SQLITE_READONLY
POSTGRESQL_READ_ONLY = "25006"
GAP_IN_THE_STORE = (
    "ingest the missing rows, for example a file with them in the drop folder; or delete a row "
    "whose time is wrong from the store's table observations; or leave out what lies before the "
    "gap: source.newest says how many of the newest rows are read"
)


def read_sql(source: SqlSource, name: str) -> RawSeries:
    """The rows in the order of their times, the newest last; what is no time comes after them.

    Raises `UnreadableSeries` where there is no such table, column or row, or the query is none;
    `SourceUnavailable` where the database does not answer. Nothing is ever changed by it.
    """
    found = _own(source, name) if source.is_own_store else found_sql(source, name)
    if found.values.empty:
        raise UnreadableSeries(f"{found.where}: no rows; needed is a series of at least 2")
    return found


def found_sql(source: SqlSource, name: str) -> RawSeries:
    """The same of a table or a query, which may have no rows."""
    address = _address(source)
    where = f"{database.told(address)}, {f'table {source.table}' if source.table else 'query'}"
    with database.trouble_told(address), database.engine_of(address) as engine:
        _require_file(address)
        table = _rows(engine, source, where)
    raw = RawSeries(
        name=name,
        times=table[source.time],
        values=table[source.value],
        where=where,
        time_column=source.time,
        value_column=source.value,
    )
    return _in_order(raw, source.newest)


def _own(source: SqlSource, name: str) -> RawSeries:
    found = store.observations(name, source.newest)
    where = f"series store {store.shown()}, series {name!r}"
    if found.empty:
        raise UnreadableSeries(
            f"{where}: no observations yet; let `python -m flows.ingest NAME` bring some, with an "
            "experiment of this series that has a section `ingest`"
        )
    return RawSeries(
        name, found["t"], found["y"], where, "time", "value", gap_remedy=GAP_IN_THE_STORE
    )


def _address(source: SqlSource) -> URL:
    if source.url:
        return database.address_of(source.url)
    if source.url_from is None:
        return store.address()
    url = os.environ.get(source.url_from)
    if not url:
        raise InvalidExperiment(
            f"url_from names the environment variable {source.url_from}, which is not set; set it "
            "to the database's URL where the flow runs, or name another"
        )
    return database.address_of(url)


def _require_file(address: URL) -> None:
    """SQLite would make a database that is not there, and find it empty."""
    file = str(address.database)
    if address.get_backend_name() != "sqlite" or file.startswith("file:"):
        return
    if not Path(file).is_file():
        raise UnreadableSeries(f"{file}: no such database file; give the path of one that exists")


def _rows(engine: Engine, source: SqlSource, where: str) -> pd.DataFrame:
    ask = _asked_by_query(source) if source.query else _asked_of_table(engine, source, where)
    with _reading(engine, where) as connection:
        result = ask(connection)
        _require_columns(list(result.keys()), source, where)
        table = pd.DataFrame(result.all(), columns=list(result.keys()), dtype=object)
    return table.infer_objects()


def _asked_by_query(source: SqlSource) -> Ask:
    query = str(source.query).strip().rstrip(";")

    def ask(connection: Connection) -> CursorResult[Any]:
        # % and : stay what they are
        return connection.execution_options(no_parameters=True).exec_driver_sql(query)

    return ask


def _asked_of_table(engine: Engine, source: SqlSource, where: str) -> Ask:
    """Its two columns. Where times are text the database cannot tell which are the newest."""
    from sqlalchemy import String, column, quoted_name, select, table

    columns = _columns(engine, str(source.table), where)
    _require_columns(list(columns), source, where)
    schema, name = _parts(str(source.table))
    # Quoted, since no list of reserved words is ever complete.
    time: ColumnClause[Any] = column(quoted_name(source.time, quote=True))
    value: ColumnClause[Any] = column(quoted_name(source.value, quote=True))
    query = select(time, value).select_from(table(quoted_name(name, quote=True), schema=schema))
    if source.newest and not isinstance(columns[source.time], String):
        query = query.order_by(time.desc()).limit(source.newest)
    return lambda connection: connection.execute(query)


@contextmanager
def _reading(engine: Engine, where: str) -> Iterator[Connection]:
    """A transaction that may not write, and is undone. The user's faults in words."""
    from sqlalchemy.exc import DBAPIError

    with engine.connect() as connection:
        _forbid_writing(connection)
        try:
            yield connection
        except DBAPIError as error:
            if not _is_users_fault(error):
                raise
            reason = " ".join(str(error.orig).split())[:300]
            raise UnreadableSeries(
                f"{where}: the database refused it ({reason}); a query may only read, and names "
                "tables and columns that are there"
            ) from None
        finally:
            if not connection.invalidated:
                connection.rollback()


def _forbid_writing(connection: Connection) -> None:
    """For the whole connection, since a query may end the transaction that it is run in."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
    elif connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET default_transaction_read_only = on")
        connection.commit()


def _is_users_fault(error: DBAPIError) -> bool:
    from sqlalchemy.exc import DataError, ProgrammingError

    cause = error.orig
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode & 0xFF in (OFTEN_THE_USERS, READ_ONLY)
    forbidden = getattr(cause, "sqlstate", None) == POSTGRESQL_READ_ONLY
    return forbidden or isinstance(error, ProgrammingError | DataError)


def _columns(engine: Engine, table: str, where: str) -> dict[str, TypeEngine[Any]]:
    """What the table's columns are called, and their types."""
    from sqlalchemy import inspect
    from sqlalchemy.exc import NoSuchTableError

    schema, name = _parts(table)
    look = inspect(engine)
    try:
        return {str(found["name"]): found["type"] for found in look.get_columns(name, schema)}
    except NoSuchTableError:
        there = sorted([*look.get_table_names(schema), *look.get_view_names(schema)])
        known = f"there are: {', '.join(there[:20])}" if there else "there are none"
        raise UnreadableSeries(f"{where}: no such table; {known}. Name yours in table") from None


def _parts(table: str) -> tuple[str | None, str]:
    schema, _, name = table.rpartition(".")
    return schema or None, name


def _require_columns(there: list[str], source: SqlSource, where: str) -> None:
    missing = [name for name in (source.time, source.value) if name not in there]
    if missing:
        raise UnreadableSeries(
            f"{where}: no column {' or '.join(map(repr, missing))}; there are: "
            f"{', '.join(map(repr, there))}. Name yours in time and value"
        )


def _in_order(raw: RawSeries, newest: int | None) -> RawSeries:
    """By what the times mean: as text, 10 comes before 9."""
    typed = contract.typed(raw)["t"]
    order = typed.sort_values(kind="stable", na_position="last").index
    kept = order if newest is None else order[-newest:]
    times, values = (
        column.reset_index(drop=True).iloc[kept].reset_index(drop=True)
        for column in (raw.times, raw.values)
        if column is not None
    )
    return RawSeries(raw.name, times, values, raw.where, raw.time_column, raw.value_column)
