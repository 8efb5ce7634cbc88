"""Forecasts in a table of a database, through SQLAlchemy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lstm_ops.data import database

if TYPE_CHECKING:
    from sqlalchemy import URL, ColumnElement, Connection, CursorResult, Engine, MetaData, Table

KEY = ("series", "version", "cutoff")  # and step


def keep(table: pd.DataFrame, url: str, name: str) -> tuple[pd.DataFrame, int]:
    """The rows of the forecast in the database, and how many of them are new: all or none.

    Makes the table where it is missing. One transaction: where another process was quicker with
    any of the rows, its rows are the ones that count.
    """
    from sqlalchemy.exc import IntegrityError

    address = database.address_of(url)
    with database.trouble_told(address), database.engine_of(address) as engine:
        target = table_of(name)
        _ensure(engine, target)
        try:
            with engine.begin() as connection:
                if not _rows(connection, target, table).empty:
                    return _rows(connection, target, table), 0
                connection.execute(target.insert(), _records(table))
        except IntegrityError:
            with engine.connect() as connection:
                there = _rows(connection, target, table)
            if there.empty:  # refused for something else
                raise
            return there, 0
    return table, len(table)


def newest(series: str, url: str, name: str, most: int) -> pd.DataFrame:
    """The rows of the `most` forecasts that were made last; none where there is no such table."""
    from sqlalchemy import inspect

    address = database.address_of(url)
    if address.get_backend_name() == "sqlite" and not _is_there(address):
        return pd.DataFrame()  # looking would make an empty one
    with database.trouble_told(address), database.engine_of(address) as engine:
        target = table_of(name)
        if not inspect(engine).has_table(name):
            return pd.DataFrame()
        with engine.connect() as connection:
            return _made_last(connection, target, series, most)


def _is_there(address: URL) -> bool:
    file = str(address.database)
    return file.startswith("file:") or Path(file).exists()


def _made_last(connection: Connection, target: Table, series: str, most: int) -> pd.DataFrame:
    from sqlalchemy import and_, func, select

    c = target.c
    last = (
        select(c.version, c.cutoff)
        .where(c.series == series)
        .group_by(c.version, c.cutoff)
        .order_by(func.max(c.made_at).desc())
        .limit(most)
        .subquery()
    )
    same = and_(c.version == last.c.version, c.cutoff == last.c.cutoff)
    wanted = select(target).join(last, same).where(c.series == series)
    return _typed(connection.execute(wanted.order_by(c.made_at, c.step)), target)


def table_of(name: str, metadata: MetaData | None = None) -> Table:
    """The columns that every table of forecasts has."""
    from sqlalchemy import Column, DateTime, Double, Integer, MetaData, String, Table

    return Table(
        name,
        metadata or MetaData(),
        Column("series", String(100), primary_key=True),
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("forecaster", String(100), nullable=False),
        Column("cutoff", String(40), primary_key=True),
        Column("step", Integer, primary_key=True, autoincrement=False),
        Column("time", String(40), nullable=False),
        Column("forecast", Double, nullable=False),
        Column("lower", Double),
        Column("upper", Double),
        Column("level", Double, nullable=False),
        Column("made_at", DateTime(timezone=True), nullable=False),
    )


def _ensure(engine: Engine, target: Table) -> None:
    """The table is there. Two processes may find it missing and make it at once."""
    from sqlalchemy import inspect
    from sqlalchemy.exc import DBAPIError

    try:
        target.metadata.create_all(engine)
    except DBAPIError:
        if not inspect(engine).has_table(target.name):
            raise


def _rows(connection: Connection, target: Table, table: pd.DataFrame) -> pd.DataFrame:
    """Those with the cutoff and version of `table`, by step."""
    same: list[ColumnElement[bool]] = [target.c[key] == table[key].tolist()[0] for key in KEY]
    found = connection.execute(target.select().where(*same).order_by(target.c.step))
    return _typed(found, target)


def _typed(found: CursorResult[Any], target: Table) -> pd.DataFrame:
    rows = pd.DataFrame(found.mappings().all(), columns=list(target.c.keys()))
    numbers = dict.fromkeys(("forecast", "lower", "upper", "level"), "float64")
    made_at = pd.to_datetime(rows["made_at"], utc=True)  # SQLite forgets that it is UTC
    return rows.astype(numbers).assign(made_at=made_at)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Plain values, None for what is not known."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(k): _plain(value) for k, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
