"""What has arrived since the last look, as its source has it: unchecked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from lstm_ops.data import drop_folder, store, synthetic
from lstm_ops.data.drop_folder import Dropped
from lstm_ops.data.raw import RawSeries
from lstm_ops.data.sql_source import found_sql
from lstm_ops.experiment import Arrivals, FolderArrivals, SqlArrivals, SyntheticArrivals


@dataclass(frozen=True)
class Delivery:
    """Rows that came together, or a file with such rows. `origin` names them in tables."""

    origin: str
    raw: RawSeries | None = None
    file: Dropped | None = None


def look(arrivals: Arrivals, series: str, now: datetime) -> list[Delivery]:
    """Raises what the source raises: `InvalidInput`, or `SourceUnavailable`."""
    match arrivals:
        case SyntheticArrivals():
            raw = due(arrivals, series, store.newest_time(series), now)
            return [] if raw.values.empty else [Delivery("synthetic", raw)]
        case FolderArrivals():
            return [Delivery(file.name, file=file) for file in drop_folder.look(arrivals)]
        case SqlArrivals():
            rows = found_sql(arrivals, series)
            return [] if rows.values.empty else [Delivery(arrivals.table or "query", rows)]


def due(arrivals: SyntheticArrivals, series: str, newest: Any, now: datetime) -> RawSeries:
    """The generated points after the newest that is there, up to `now`; of an empty series all."""
    begins, step = pd.Timestamp(arrivals.begins), pd.Timedelta(seconds=arrivals.every)
    stop = max((pd.Timestamp(now) - begins) // step + 1, 0)
    known = isinstance(newest, pd.Timestamp)
    first = min(max((newest - begins) // step + 1, 0), stop) if known else 0
    values, _ = synthetic.points(arrivals.waves, first, stop)
    times = begins + np.arange(first, stop) * step
    return RawSeries(
        name=series,
        times=pd.Series(pd.DatetimeIndex(times).as_unit("us")),
        values=pd.Series(values, dtype=np.float64),
        where=f"generated points {first} to {stop - 1} of {series!r}",
        time_column="time",
        value_column="value",
    )
