"""The store's tables, as the newest migration leaves them. Importing this imports SQLAlchemy."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Double, Index, Integer, MetaData, String, Table, Text

from lstm_ops.data import forecast_tables

METADATA = MetaData()

# `time` is text, since some series have dates and others numbers; `position` has their order:
# seconds since 1970, or the number itself.
OBSERVATIONS = Table(
    "observations",
    METADATA,
    Column("series", String(100), primary_key=True),
    Column("time", String(40), primary_key=True),
    Column("position", Double, nullable=False),
    Column("value", Double, nullable=False),
    Column("arrived_at", DateTime(timezone=True), nullable=False),
    Index("observations_by_position", "series", "position"),
)

# `fingerprint`: equal for what is the same row refused for the same reason.
REJECTED = Table(
    "rejected_rows",
    METADATA,
    Column("fingerprint", String(64), primary_key=True),
    Column("series", String(100), nullable=False),
    Column("origin", Text, nullable=False),
    Column("row", Integer),
    Column("time", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("noticed_at", DateTime(timezone=True), nullable=False),
    Index("rejected_rows_by_series", "series", "noticed_at"),
)

FORECASTS = forecast_tables.table_of("forecasts", METADATA)
