"""Rows put in where they are missing, safely for several processes at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

T = TypeVar("T")
ROWS_A_STATEMENT = 1000  # SQLite takes 32,766 values in one


def insert_missing(
    connection: Connection, table: Table, records: Sequence[dict[str, Any]], key: str
) -> set[str]:
    """Insert what is not there yet; the keys that are new. Rows that are there stay as they are.

    In the order of their keys, so that two processes wait for each other and never both at once.
    """
    ordered = sorted(records, key=lambda record: str(record[key]))
    if not ordered:
        return set()
    statement = _insert(connection.dialect.name)(table).on_conflict_do_nothing()
    return set(connection.execute(statement.returning(table.c[key]), ordered).scalars())


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many as fit into one statement that lists them."""
    for start in range(0, len(items), ROWS_A_STATEMENT):
        yield items[start : start + ROWS_A_STATEMENT]


def _insert(dialect: str) -> Any:
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert
    from sqlalchemy.dialects import sqlite

    return sqlite.insert
