"""Databases by URL: their engines, and their trouble told without passwords."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_ops import project
from lstm_ops.errors import InvalidExperiment, SourceUnavailable
from lstm_ops.redaction import redacted

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

BUSY_SECONDS = 30  # that SQLite waits for whoever is writing


def address_of(url: str) -> URL:
    """Raises `InvalidExperiment` where it is no URL of a database that keeps anything."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # its own words repeat the URL
        raise InvalidExperiment(
            f"the database's URL ({_hidden(url)}) is none that SQLAlchemy reads; "
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
def engine_of(address: URL) -> Iterator[Engine]:
    """Raises `InvalidExperiment` where nothing installed speaks to such a database."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError

    try:
        engine = create_engine(address, hide_parameters=True, connect_args=_waiting(address))
    except (ArgumentError, ImportError) as error:
        raise InvalidExperiment(
            f"{told(address)}: nothing that is installed speaks {address.drivername} ({error}); "
            "install the driver into .venv, or name another as postgresql+psycopg://"
        ) from None
    try:
        if engine.dialect.is_async:
            raise InvalidExperiment(
                f"{told(address)}: {address.drivername} is an asynchronous driver; needed is "
                "another, such as postgresql+psycopg"
            )
        yield engine
    finally:
        engine.dispose()


def _waiting(address: URL) -> dict[str, Any]:
    if address.get_backend_name() != "sqlite" or "timeout" in address.query:
        return {}
    return {"timeout": BUSY_SECONDS}


@contextmanager
def trouble_told(address: URL) -> Iterator[None]:
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
            f"{told(address)}: the database did not answer, or refused ({reason[:400]}); "
            "nothing was written. See to it, then run again"
        ) from None
    except TypeError as error:
        raise InvalidExperiment(
            f"{told(address)}: the URL has an option that its driver does not know ({error})"
        ) from None


def told(address: URL) -> str:
    return redacted(address.render_as_string(hide_password=True))
