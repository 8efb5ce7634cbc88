"""Forecasts in a table of a database, through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lstm_ops import project
from lstm_ops.errors import InvalidExperiment, SourceUnavailable
from lstm_ops.redaction import redacted

if TYPE_CHECKING:
    from sqlalchemy import URL, ColumnElement, Connection, Engine, Table

KEY = ("series", "version", "cutoff")  # and step


def keep(table: pd.DataFrame, url: str, name: str) -> tuple[pd.DataFrame, int]:
    """The rows of the forecast in the database, and how many of them are new: all or none.

    Makes the table where it is missing. One transaction: where another process was quicker with
    any of the rows, its rows are the ones that count.
    """
    from sqlalchemy.exc import IntegrityError

    address = _address(url)
    with _trouble_told(address), _engine(address) as engine:
        target = _table(name)
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


def _table(name: str) -> Table:
    from sqlalchemy import Column, DateTime, Double, Integer, MetaData, String, Table

    return Table(
        name,
        MetaData(),
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


def _address(url: str) -> URL:
    """Raises `InvalidExperiment` where it is no URL of a database that keeps anything."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # its own words repeat the URL
        raise InvalidExperiment(
            f"the database's URL for forecasts ({_hidden(url)}) is none that SQLAlchemy reads; "
            "needed is one as postgresql+psycopg://ann@host/database or sqlite:///forecasts.db"
        ) from None
    if address.get_backend_name() != "sqlite":
        return address
    if address.database in (None, "", ":memory:"):
        raise InvalidExperiment(
            f"{address} is a database in memory, which ends with the run; name a file, as "
            "sqlite:///forecasts.db"
        )
    return _from_root(address)


def _hidden(url: str) -> str:
    """What cannot be taken apart may have its password anywhere."""
    scheme, separator, _ = url.partition("://")
    return f"{scheme}://…" if separator else "one without ://"


def _from_root(address: URL) -> URL:
    """A file's path counts from the project's root, wherever a worker was started."""
    file = str(address.database)
    if file.startswith("file:"):
        return address
    return address.set(database=str(project.root() / Path(file)))


@contextmanager
def _engine(address: URL) -> Iterator[Engine]:
    """Raises `InvalidExperiment` where nothing installed speaks to such a database."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError

    try:
        engine = create_engine(address, hide_parameters=True)
    except (ArgumentError, ImportError) as error:
        raise InvalidExperiment(
            f"{_told(address)}: nothing that is installed speaks {address.drivername} ({error}); "
            "install the driver into .venv, or name another as postgresql+psycopg://"
        ) from None
    try:
        if engine.dialect.is_async:
            raise InvalidExperiment(
                f"{_told(address)}: {address.drivername} is an asynchronous driver; needed is "
                "another, such as postgresql+psycopg"
            )
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _trouble_told(address: URL) -> Iterator[None]:
    """What a database or its driver raises becomes `SourceUnavailable`, without the password."""
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        reason = redacted(" ".join(str(cause).split()))
        if address.password:
            reason = reason.replace(str(address.password), "***")
        raise SourceUnavailable(
            f"{_told(address)}: the database did not take the forecasts ({reason[:400]}); nothing "
            "was written. See to it, then run again"
        ) from None
    except TypeError as error:
        raise InvalidExperiment(
            f"{_told(address)}: the URL has an option that its driver does not know ({error})"
        ) from None


def _told(address: URL) -> str:
    return redacted(address.render_as_string(hide_password=True))
