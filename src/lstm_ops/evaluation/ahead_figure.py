"""A picture of what the champion forecasts: the newest observations and what is to follow."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lstm_ops.data.series import Series
from lstm_ops.evaluation import chart
from lstm_ops.evaluation.drawing import ACTUAL, PALETTE

FEWEST = 60  # observations drawn before the forecast
TIMES_AS_MANY = 3  # as steps ahead, where these are more
DOTTED = 3  # fewer points than these are no line to be seen


def ahead(
    series: Series, steps: pd.DataFrame, forecaster: str, level: float, known: int | None = None
) -> Figure:
    """steps: time (as in the series), forecast, lower, upper; a row a step, the first one next.

    Bounds that are NaN are not drawn. `known`: points that were there when it was made, where some
    have come since.
    """
    figure, (axes,) = chart.panels(4.2)
    shown = max(FEWEST, TIMES_AS_MANY * len(steps))
    known = len(series) if known is None else known
    times, values = chart.times_of(series), series.values
    start, last = max(0, known - shown), slice(known - 1, known)
    axes.plot(times[start:], values[start:], color=ACTUAL, lw=1.3, label="observed")
    _interval(axes, steps[np.isfinite(steps["upper"] - steps["lower"])], level)
    # From the last observation on, so that the eye sees where one becomes the other.
    joined = np.concatenate([times[last], steps["time"]])
    line = np.concatenate([values[last], steps["forecast"]])
    dot = "o" if len(steps) < DOTTED else ""
    axes.plot(joined, line, color=PALETTE[0], lw=1.5, marker=dot, ms=3, label="forecast")
    axes.axvline(times[known - 1], color=chart.FAINT, lw=0.8, ls=":")
    axes.set_ylabel("y")
    chart.time_axis(axes, series, "t")
    next_ones = "the next step" if len(steps) == 1 else f"the next {len(steps)} steps"
    chart.heading(figure, f"{series.name}: {next_ones}, by {forecaster}")
    chart.legend_below(figure, axes)
    return figure


def _interval(axes: Axes, known: pd.DataFrame, level: float) -> None:
    """A band, or a bar for a single step."""
    times, low, high = known["time"], known["lower"], known["upper"]
    label = f"{100 * level:.3g} % interval"
    if len(known) == 1:
        axes.vlines(times, low, high, color=PALETTE[0], alpha=0.3, lw=9, label=label)
    elif len(known):
        axes.fill_between(times, low, high, color=PALETTE[0], alpha=0.2, lw=0, label=label)
