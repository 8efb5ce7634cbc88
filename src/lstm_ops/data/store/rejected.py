"""Rows that were not taken, with the reason: each once, however often it comes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from lstm_ops.data.store import place
from lstm_ops.data.store.inserting import insert_missing
from lstm_ops.data.store.schema import migrated

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST = 1000  # characters of a cell that are kept


@dataclass(frozen=True)
class Rejected:
    """One row, times and values as they came. `row` counts from 1 in `origin`; None: all of it."""

    row: int | None
    time: str
    value: str
    reason: str


def reject(series: str, origin: str, rows: Sequence[Rejected]) -> int:
    """Keep the rows; how many of them had not been noticed before."""
    with migrated() as engine, place.writing(engine) as connection:
        return insert_rejected(connection, series, origin, rows)


def insert_rejected(
    connection: Connection, series: str, origin: str, rows: Sequence[Rejected]
) -> int:
    """The same in a transaction that is under way."""
    from lstm_ops.data.store.tables import REJECTED

    now = datetime.now(UTC)
    records = {
        fingerprint(series, origin, row): {
            "series": series,
            "origin": origin,
            "row": row.row,
            "time": _storable(row.time),
            "value": _storable(row.value),
            "reason": row.reason,
            "noticed_at": now,
        }
        for row in rows
    }
    listed = [{"fingerprint": key, **record} for key, record in records.items()]
    return len(insert_missing(connection, REJECTED, listed, "fingerprint"))


def rejected_rows(series: str) -> pd.DataFrame:
    """origin, row, time, value, reason, noticed_at; the newest first."""
    from sqlalchemy import select

    from lstm_ops.data.store.tables import REJECTED

    names = ("origin", "row", "time", "value", "reason", "noticed_at")
    query = select(*(REJECTED.c[name] for name in names)).where(REJECTED.c.series == series)
    ordered = query.order_by(REJECTED.c.noticed_at.desc(), REJECTED.c.row)
    with migrated() as engine, engine.connect() as connection:
        found = connection.execute(ordered).mappings().all()
    return pd.DataFrame(found, columns=list(names))


def fingerprint(series: str, origin: str, row: Rejected) -> str:
    """Where there is a time the row's number stays out: the same row may come at another place."""
    where = row.time or f"row {row.row}"
    content = "\0".join((series, origin, where, row.value, row.reason))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def _storable(text: str) -> str:
    """PostgreSQL takes no NUL in a text, and nobody looks at a megabyte."""
    return text.replace("\0", "�")[:LONGEST]
