"""Observations of a series: put in once, read in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from lstm_ops.data.store import place
from lstm_ops.data.store.inserting import chunks, insert_missing
from lstm_ops.data.store.rejected import Rejected, insert_rejected
from lstm_ops.data.store.schema import migrated
from lstm_ops.data.times import as_text, from_text, position

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


@dataclass(frozen=True)
class Appended:
    """What became of a batch: rows that are new, that were there already, and rejected ones.

    `newly_rejected` are those of the rejected rows that had not been noticed before. `refused`:
    more of them were rejected than may be, so that nothing of the batch was taken.
    """

    new: int
    there_already: int
    rejected: tuple[Rejected, ...] = ()
    newly_rejected: int = 0
    refused: bool = False


def append(
    series: str,
    rows: pd.DataFrame,
    *,
    origin: str = "",
    rejected: Sequence[Rejected] = (),
    most_rejected: float = 1.0,
) -> Appended:
    """Put in the rows whose times are not there yet, in one transaction: all of them or none.

    rows: t (float64 or datetime64 in UTC), y (float64), in any order; optionally row, its number in
    `origin`. Of a time that is there with another value the first stands, and the row is rejected.
    `rejected` are rows of the same batch that were found wanting before; where more than the share
    `most_rejected` of all rows is rejected, only these are kept.
    """
    with migrated() as engine:
        return _append(engine, series, rows, origin, tuple(rejected), most_rejected)


def _append(
    engine: Engine,
    series: str,
    rows: pd.DataFrame,
    origin: str,
    rejected: tuple[Rejected, ...],
    most_rejected: float,
) -> Appended:
    batch = _records(series, rows)
    with place.writing(engine) as connection:
        attempt = connection.begin_nested()
        new, revised = _insert(connection, series, batch)
        all_rejected = (*rejected, *revised)
        refused = len(all_rejected) > most_rejected * (len(batch) + len(rejected))
        if refused:
            attempt.rollback()
            new = 0
        else:
            attempt.commit()
        noticed = insert_rejected(connection, series, origin, all_rejected)
    there = 0 if refused else len(batch) - len(revised) - new
    return Appended(new, there, all_rejected, noticed, refused)


def observations(series: str, newest: int | None = None) -> pd.DataFrame:
    """t (float64, or datetime64[us] in UTC), y (float64), in the order of time; no rows if none."""
    from sqlalchemy import select

    from lstm_ops.data.store.tables import OBSERVATIONS as TABLE

    query = (
        select(TABLE.c.time, TABLE.c.value)
        .where(TABLE.c.series == series)
        .order_by(TABLE.c.position.desc())
        .limit(newest)
    )
    with migrated() as engine, engine.connect() as connection:
        found = connection.execute(query).all()
    frame = pd.DataFrame(found[::-1], columns=["t", "y"])
    return pd.DataFrame({"t": from_text(frame["t"]), "y": frame["y"].astype("float64")})


def newest_time(series: str) -> Any:
    """Time of the newest observation, None where there is none."""
    times = observations(series, newest=1)["t"]
    return None if times.empty else times.iloc[0]


@dataclass(frozen=True)
class Reach:
    """Times of the first and the last observation, and how many there are."""

    first: Any
    last: Any
    count: int


def reach(series: str) -> Reach | None:
    """None where there is nothing."""
    from sqlalchemy import select

    from lstm_ops.data.store.tables import OBSERVATIONS as TABLE

    last = newest_time(series)
    if last is None:
        return None
    query = select(TABLE.c.time).where(TABLE.c.series == series).order_by(TABLE.c.position).limit(1)
    with migrated() as engine, engine.connect() as connection:
        first = from_text(pd.Series([connection.execute(query).scalar_one()])).iloc[0]
    return Reach(first, last, count(series))


def count(series: str) -> int:
    """How many observations there are."""
    from sqlalchemy import func, select

    from lstm_ops.data.store.tables import OBSERVATIONS as TABLE

    query = select(func.count()).select_from(TABLE).where(TABLE.c.series == series)
    with migrated() as engine, engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


def _records(series: str, rows: pd.DataFrame) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    numbers = rows["row"] if "row" in rows else [None] * len(rows)
    return [
        {
            "series": series,
            "time": as_text(time),
            "position": position(time),
            "value": float(value),
            "arrived_at": now,
            "row": None if number is None else int(number),
        }
        for time, value, number in zip(rows["t"], rows["y"], numbers, strict=True)
    ]


def _insert(
    connection: Connection, series: str, batch: list[dict[str, Any]]
) -> tuple[int, list[Rejected]]:
    """How many are new, and the rows whose time is there with another value."""
    from lstm_ops.data.store.tables import OBSERVATIONS as TABLE

    first: dict[str, dict[str, Any]] = {}
    for record in batch:  # one time may be in a batch twice, and one statement takes it once
        first.setdefault(record["time"], {k: v for k, v in record.items() if k != "row"})
    new = insert_missing(connection, TABLE, list(first.values()), "time")
    standing = {time: first[time]["value"] for time in new}
    standing |= _values(connection, series, [time for time in first if time not in new])
    return len(new), [
        Rejected(record["row"], record["time"], repr(record["value"]), _revised(there))
        for record in batch
        if record["value"] != (there := standing[record["time"]])
    ]


def _revised(there: float) -> str:
    return f"another value is there for this time already ({there!r}); the first stands"


def _values(connection: Connection, series: str, times: Sequence[str]) -> dict[str, float]:
    from sqlalchemy import select

    from lstm_ops.data.store.tables import OBSERVATIONS as TABLE

    found: dict[str, float] = {}
    for some in chunks(times):
        query = select(TABLE.c.time, TABLE.c.value).where(
            TABLE.c.series == series, TABLE.c.time.in_(some)
        )
        found.update((time, value) for time, value in connection.execute(query))
    return found
