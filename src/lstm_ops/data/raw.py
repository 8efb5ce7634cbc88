"""A table as it came from a source, before anybody has checked it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class RawSeries:
    """Times and values as text, one row an observation, in the order of the source.

    `times` is None where rows are only numbered. An empty text is a missing value.
    `signal` is there for synthetic series only. `where` names the source in messages, and
    `gap_remedy` says what to do there about times that are not evenly spaced.
    """

    name: str
    times: pd.Series | None
    values: pd.Series
    where: str
    time_column: str = "t"
    value_column: str = "y"
    signal: pd.Series | None = None
    gap_remedy: str | None = None


def save(raw: RawSeries, path: Path) -> None:
    """Write the columns as Parquet; where they come from travels as its metadata."""
    columns = {"time": raw.times, "value": raw.values, "signal": raw.signal}
    frame = pd.DataFrame({name: c.array for name, c in columns.items() if c is not None})
    frame.attrs = {
        "name": raw.name,
        "where": raw.where,
        "time_column": raw.time_column,
        "value_column": raw.value_column,
        "gap_remedy": raw.gap_remedy,
    }
    frame.to_parquet(path, index=False)


def read(path: Path) -> RawSeries:
    """What `save` wrote."""
    frame = pd.read_parquet(path)
    return RawSeries(
        times=frame.get("time"),
        values=frame["value"],
        signal=frame.get("signal"),
        **{str(key): value for key, value in frame.attrs.items()},
    )
