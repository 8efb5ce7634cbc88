"""Pictures of the status page: live errors beside the promise, and what drift is told by."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation import chart
from lstm_ops.evaluation.drawing import ACTUAL, PALETTE
from lstm_ops.evaluation.monitoring.drift import Watch
from lstm_ops.evaluation.monitoring.verdict import Measured
from lstm_ops.evaluation.text import number

SMOOTHED = 24  # targets over which the line of live errors goes
WARNING = "#a84300"


def errors(
    rows: pd.DataFrame, measured: Measured, promise: FloatArray, allowed: float | None
) -> Figure:
    """rows: those of every version that are drawn; promise: the champion's RMSE by step.

    A dot a target: the RMSE of all that was forecast of it.
    """
    figure, (axes,) = chart.panels(3.6)
    if rows.empty:
        chart.note(axes, "No forecast has been judged yet.")
        return figure
    times = chart.times_of(measured.series)
    at, size = _by_target(rows)
    axes.plot(times[at], size, "o", ms=2.5, color=chart.FAINT, alpha=0.6, label="a target")
    label = f"live RMSE, {SMOOTHED} targets"
    axes.plot(times[at], _smooth(size), color=PALETTE[0], lw=1.6, label=label)
    _promise(axes, rows, measured, promise)
    if allowed is not None and measured.live is not None:
        judged = times[[measured.live.rows["at"].iloc[0], measured.live.rows["at"].iloc[-1]]]
        axes.plot(judged, [allowed] * 2, color=WARNING, lw=1.2, ls="--", label="an alarm from here")
    _cutoff(axes, measured)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("RMSE, in units of y")
    chart.time_axis(axes, measured.series, "t")
    chart.heading(figure, f"{measured.series.name}: how far off forecasts were")
    chart.legend_below(figure, axes)
    return figure


def drifts(measured: Measured) -> Figure:
    """Both statistics since the champion's cutoff, each with its threshold."""
    watches = measured.drift.watches if measured.drift else ()
    if not any(len(watch.statistic) > 1 for watch in watches):
        figure, (axes,) = chart.panels(1.6)
        chart.note(axes, "Nothing new since the champion's cutoff that drift could be seen in.")
        return figure
    figure, drawn = chart.panels(4.2, rows=len(watches), sharex=True)
    times = chart.times_of(measured.series)[measured.seen :]
    for axes, watch in zip(drawn, watches, strict=True):
        _watch(axes, times[: len(watch.statistic)], watch)
    drawn[-1].set_xlim(times[0], times[-1])
    chart.time_axis(drawn[-1], measured.series, "t")
    chart.heading(figure, f"{measured.series.name}: has it changed since the champion's cutoff?")
    return figure


def _by_target(rows: pd.DataFrame) -> tuple[NDArray[np.int64], FloatArray]:
    """Place in the series, and RMSE, of every target that was foretold."""
    squares = ((rows["actual"] - rows["forecast"]) ** 2).groupby(rows["at"]).mean()
    places = squares.index.to_numpy(dtype=np.int64)
    return places, np.sqrt(squares.to_numpy(dtype=np.float64))


def _smooth(size: FloatArray) -> FloatArray:
    means = pd.Series(size**2).rolling(SMOOTHED, min_periods=1).mean()
    return np.asarray(np.sqrt(means.to_numpy(dtype=np.float64)))


def _promise(axes: Axes, rows: pd.DataFrame, measured: Measured, promise: FloatArray) -> None:
    """For the steps of the champion's own forecasts, target by target."""
    own = rows[(rows["version"].astype(str) == measured.version) & (rows["at"] >= measured.seen)]
    if own.empty or not len(promise):
        return
    steps = np.minimum(own["step"].to_numpy(dtype=np.int64), len(promise)) - 1
    squares = pd.Series(promise[steps] ** 2).groupby(own["at"].to_numpy()).mean()
    line = _smooth(np.sqrt(squares.to_numpy(dtype=np.float64)))
    times = chart.times_of(measured.series)[squares.index.to_numpy()]
    axes.plot(times, line, color=PALETTE[2], lw=1.6, label="as promised for the same steps")


def _watch(axes: Axes, times: FloatArray, watch: Watch) -> None:
    axes.plot(times, watch.statistic, color=PALETTE[0], lw=1.4)
    axes.axhline(watch.threshold, color=WARNING, lw=1.2, ls="--")
    if watch.crossed is not None:
        axes.plot(times[watch.crossed], watch.newest, "v", color=WARNING, ms=8)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(watch.what)
    told = f"alarm above {number(watch.threshold)}"
    axes.annotate(
        told,
        (1, watch.threshold),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
        fontsize=8,
        color=WARNING,
    )


def _cutoff(axes: Axes, measured: Measured) -> None:
    times = chart.times_of(measured.series)
    if 0 < measured.seen <= len(times):
        label = "the champion's cutoff"
        axes.axvline(times[measured.seen - 1], color=ACTUAL, lw=0.8, ls=":", label=label)
