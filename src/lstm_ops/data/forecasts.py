"""Forecasts as rows that stay: which columns there are, and the place that an experiment names.

What one version forecasts from one cutoff is written once, as a whole. Whoever comes later with the
same cutoff and version changes nothing, and is given what is there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from lstm_ops.data import database, forecast_files, forecast_tables, store
from lstm_ops.data.times import as_text
from lstm_ops.errors import InvalidExperiment
from lstm_ops.experiment import Forecast

COLUMNS = (
    *("series", "version", "forecaster", "cutoff", "step", "time"),
    *("forecast", "lower", "upper", "level", "made_at"),
)
MOST_READ = 400  # forecasts read back: more than two weeks of hourly ones
NUMBERS = ("forecast", "lower", "upper")


@dataclass(frozen=True)
class Forecasts:
    """What a version says about the steps after `cutoff`, the time of the newest observation.

    `steps` has time, as in the series, and forecast, lower and upper (float64, the last two NaN
    where no interval is known), a row a step. `level`: the share of targets that an interval is
    meant to hold. `made_at` is in UTC.
    """

    series: str
    version: int
    forecaster: str
    cutoff: object
    level: float
    made_at: datetime
    steps: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """The rows as they are written.

        Cutoffs and times are text, `1960-12-01 00:00:00` or `59.988`: some series have dates and
        others numbers, and all of them share one table.
        """
        return pd.DataFrame(
            {
                "series": self.series,
                "version": self.version,
                "forecaster": self.forecaster,
                "cutoff": as_text(self.cutoff),
                "step": np.arange(1, len(self.steps) + 1),
                "time": [as_text(time) for time in self.steps["time"]],
                **{name: self.steps[name].to_numpy(dtype=np.float64) for name in NUMBERS},
                "level": self.level,
                "made_at": pd.Timestamp(self.made_at),
            }
        )


@dataclass(frozen=True)
class Written:
    """The rows that are there now, how many of them are new (all or none), and where they are."""

    table: pd.DataFrame
    new: int
    where: str

    def steps(self, times: pd.Series) -> pd.DataFrame:
        """time, as in the series that `times` are of, forecast, lower and upper; a row a step."""
        found = self.table.sort_values("step", ignore_index=True)
        return found[list(NUMBERS)].assign(time=found["time"].astype(times.dtype))


def write(forecasts: Forecasts, place: Forecast) -> Written:
    """Into the database that `place` names, else into a file of its folder.

    Raises `InvalidExperiment` where the place cannot be one, `SourceUnavailable` where it does not
    answer. Then nothing is written.
    """
    table = forecasts.table()
    if url := _url(place):
        kept, new = forecast_tables.keep(table, url, place.table)
        return Written(kept, new, f"{database.told(database.address_of(url))}, table {place.table}")
    path = forecast_files.path_of(table, place.folder)
    kept, new = forecast_files.keep(table, path)
    return Written(kept, new, forecast_files.shown(path))


def read(place: Forecast, series: str) -> pd.DataFrame:
    """The newest forecasts of a series that `place` has, with the columns of `Forecasts.table`.

    Of those made last `MOST_READ`; no rows where there are none. Raises as `write` does.
    """
    if url := _url(place):
        found = forecast_tables.newest(series, url, place.table, MOST_READ)
    else:
        found = forecast_files.newest(series, place.folder, MOST_READ)
    return found.reindex(columns=list(COLUMNS))


def differences(written: Written, wanted: Forecasts) -> str:
    """In words, how rows that were there already differ from those wanted; empty where they do not.

    Another horizon or level asked for, or a history that was changed behind its cutoff.
    """
    there, asked = written.table, wanted.table()
    level = float(there["level"].iloc[0])
    if (len(there), level) != (len(asked), wanted.level):
        return (
            f"it has {len(there)} steps at level {level:g}, and {len(asked)} at {wanted.level:g} "
            "were asked for"
        )
    same = np.allclose(
        there.sort_values("step")["forecast"], asked["forecast"], rtol=1e-6, atol=0.0
    )
    return "" if same else "the history has been changed since, and would give another one"


def _url(place: Forecast) -> str | None:
    if place.store:
        return store.migrated_url()
    if place.url_from is None:
        return place.url
    url = os.environ.get(place.url_from)
    if not url:
        raise InvalidExperiment(
            f"forecast.url_from names the environment variable {place.url_from}, which is not set; "
            "set it to the database's URL where the flow runs, or name another"
        )
    return url
