"""Pictures of a training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from lstm_ops.data.series import FloatArray, Series
from lstm_ops.data.windows import Windows
from lstm_ops.evaluation.drawing import ACTUAL, MARGINS, PALETTE, WIDE, colours, quiet, single
from lstm_ops.evaluation.scores import Summary

ZOOM = 120
ROOM_FOR_LABELS = 1.25


def series_with_split(series: Series, n_fit: int, n_train: int) -> Figure:
    """The whole series, and which part fits, chooses and tests."""
    figure, axes = single(f"{series.name}: fit, validation and test part")
    times = series.frame["t"].to_numpy()
    parts = {"fit": (0, n_fit), "validation": (n_fit, n_train), "test": (n_train, len(series))}
    for colour, (part, (start, stop)) in zip(PALETTE, parts.items(), strict=False):
        axes.axvspan(times[start], times[min(stop, len(times) - 1)], color=colour, alpha=0.10, lw=0)
        axes.plot(times[start:stop], series.values[start:stop], color=colour, lw=1, label=part)
    if series.signal is not None:
        axes.plot(times, series.signal, color=ACTUAL, lw=0.6, label="without noise")
    axes.set_ylabel("y")
    axes.set_xlabel("t")
    axes.legend(loc="upper left", ncols=4, frameon=False)
    return figure


def forecasts_against_actual(
    series: Series, windows: Windows, forecasts: Mapping[str, FloatArray]
) -> Figure:
    """The whole test part above, its last stretch below. forecasts: (n_windows, horizon) each;
    the first step of the horizon is drawn."""
    figure = Figure(figsize=(WIDE[0], 7.0))
    figure.subplots_adjust(**{**MARGINS, "bottom": 0.05, "top": 0.95, "hspace": 0.22})
    whole, zoom = figure.subplots(2, 1)
    times = series.frame["t"].to_numpy()[windows.first_target]
    shown = min(ZOOM, max(len(windows) // 4, 12))
    for axes, rows in ((whole, slice(None)), (zoom, slice(-shown, None))):
        axes.plot(times[rows], windows.targets[rows, 0], color=ACTUAL, lw=1.2, label="actual")
        for colour, (name, values) in zip(colours(len(forecasts)), forecasts.items(), strict=True):
            axes.plot(times[rows], values[rows, 0], color=colour, lw=0.9, alpha=0.9, label=name)
        axes.set_ylabel("y")
        quiet(axes)
    whole.set_title(f"{series.name}: test part, one step ahead", loc="left")
    zoom.set_title(f"its last {min(shown, len(windows))} steps", loc="left")
    whole.legend(loc="upper left", ncols=6, frameon=False)
    return figure


def loss_curves(losses: Mapping[str, Sequence[float]]) -> Figure:
    """Training loss by epoch, one line a trial. Scaled units squared, on a logarithmic axis."""
    figure, axes = single("training loss (mean squared error, scaled units)")
    for colour, (name, values) in zip(colours(len(losses)), losses.items(), strict=True):
        epochs = np.arange(1, len(values) + 1)
        axes.plot(epochs, values, color=colour, lw=1.2, marker="o", ms=2.5, label=name)
    axes.set_yscale("log")
    axes.set_xlabel("epoch")
    if losses:
        axes.legend(frameon=False, ncols=2, fontsize=8)
    return figure


def errors(summaries: Sequence[Summary], noise_floor: float | None) -> Figure:
    """A bar of test RMSE for each forecaster, and the least that anybody could reach."""
    figure, axes = single("test RMSE (median over seeds; best on validation first)")
    figure.set_layout_engine("constrained")  # names may be long
    names = [s.forecaster for s in summaries]
    known = [summary.metrics["test/rmse"] for summary in summaries]
    values = [value if math.isfinite(value) else 0.0 for value in known]
    bars = axes.barh(names, values, color=PALETTE[0], height=0.6)
    bars[0].set_color(PALETTE[1])
    told = [f"{value:.4g}" if math.isfinite(value) else "diverged" for value in known]
    axes.bar_label(bars, told, padding=4)
    axes.set_xlim(0, max(values) * ROOM_FOR_LABELS or 1)
    axes.invert_yaxis()
    if noise_floor:
        axes.axvline(noise_floor, color=ACTUAL, lw=1, ls="--", label="noise floor")
        axes.legend(loc="lower right", frameon=False)
    return figure
