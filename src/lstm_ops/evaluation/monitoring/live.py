"""Past forecasts beside what then happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lstm_ops.data.series import FloatArray, Series
from lstm_ops.data.times import as_text
from lstm_ops.evaluation.metrics import rmse, skill

NEAR = 0.1  # of a step: how far off a number is still the same time


@dataclass(frozen=True)
class Live:
    """Errors of forecasts (target less forecast) on the newest points, in units of y.

    `rows`: what was judged, a row a forecast, oldest target first: at (of the target, counted from
    the first observation), cutoff, version, step, forecast, actual, last (the value at its cutoff,
    which persistence would have forecast), lower, upper, level. `skill` is against persistence on
    the same targets. `coverage` is the share inside the intervals, meant to be `level`, over the
    `intervals` forecasts that have one; both are None where none has. `bias`: the mean error;
    `bias_share`: over the RMSE.
    """

    rows: pd.DataFrame
    rmse: float
    by_step: dict[int, float]
    skill: float
    bias: float
    bias_share: float
    coverage: float | None
    level: float | None
    intervals: int

    def __len__(self) -> int:
        return len(self.rows)


def joined(forecasts: pd.DataFrame, series: Series) -> pd.DataFrame:
    """Every forecast whose target has been observed, once for each cutoff, version and step.

    `forecasts` as `data.forecasts.read` gives them. Those from a cutoff that is no longer observed
    are left out, since nobody can tell what persistence would have said.
    """
    own = forecasts[forecasts["series"] == series.name]
    own = own.assign(at=_places(own["time"], series), since=_places(own["cutoff"], series))
    rows = own[(own["at"] >= 0) & (own["since"] >= 0)]
    rows = rows.drop_duplicates(["since", "version", "step"])
    actual, last = (series.values[rows[name].to_numpy(dtype=np.int64)] for name in ("at", "since"))
    return (
        rows.assign(actual=actual, last=last)
        .sort_values(["at", "step", "version"], ignore_index=True)
        .drop(columns=["series", "forecaster", "made_at", "since"])
    )


def live(rows: pd.DataFrame, n_points: int, window: int, after: int = 0) -> Live | None:
    """Of what `joined` gave, the targets among the newest `window` of the series' n_points, and
    not among the first `after`. None where there are none."""
    rows = rows[rows["at"] >= max(n_points - window, after)]
    if rows.empty:
        return None
    actual, forecast, last = (_column(rows, name) for name in ("actual", "forecast", "last"))
    error, bias = rmse(actual, forecast), float(np.mean(actual - forecast))
    coverage, level, intervals = _coverage(rows)
    return Live(
        rows=rows,
        rmse=error,
        by_step=_by_step(rows),
        skill=skill(error, rmse(actual, last)),
        bias=bias,
        bias_share=bias / error if error > 0 else 0.0,
        coverage=coverage,
        level=level,
        intervals=intervals,
    )


def of_versions(rows: pd.DataFrame, versions: Sequence[int]) -> pd.DataFrame:
    """Those that these versions made."""
    return rows[rows["version"].isin(list(versions))]


def _places(times: pd.Series, series: Series) -> pd.Series:
    """Which observation has the time, given as text, counted from the first; -1: none.

    Numbers are those they come nearest to: a model that adds steps up gives 30.099999999999998
    for 30.1.
    """
    known = series.frame["t"]
    if series.spacing.unit != "number":
        places = {as_text(time): at for at, time in enumerate(known)}
        return times.map(places).fillna(-1).astype(np.int64)
    wanted = pd.to_numeric(times, errors="coerce").to_numpy(dtype=np.float64)
    most = NEAR * series.spacing.step
    found = pd.Index(known).get_indexer(pd.Index(wanted), method="nearest", tolerance=most)
    return pd.Series(found, index=times.index)


def _by_step(rows: pd.DataFrame) -> dict[int, float]:
    squares = (rows["actual"] - rows["forecast"]) ** 2
    means = squares.groupby(rows["step"]).mean()
    return {int(str(step)): float(np.sqrt(mean)) for step, mean in means.items()}


def _coverage(rows: pd.DataFrame) -> tuple[float | None, float | None, int]:
    """Share inside, mean level, and how many have an interval."""
    known = rows[np.isfinite(rows["lower"]) & np.isfinite(rows["upper"])]
    if known.empty:
        return None, None, 0
    inside = (known["lower"] <= known["actual"]) & (known["actual"] <= known["upper"])
    return float(inside.mean()), float(known["level"].mean()), len(known)


def _column(rows: pd.DataFrame, name: str) -> FloatArray:
    return rows[name].to_numpy(dtype=np.float64)
