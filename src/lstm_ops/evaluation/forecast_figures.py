"""Pictures of the forecasts themselves: against what came, how often within, and what is left."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation import chart
from lstm_ops.evaluation.chart import FAINT, shortened
from lstm_ops.evaluation.drawing import ACTUAL, PALETTE
from lstm_ops.evaluation.findings import Findings
from lstm_ops.evaluation.walks import Walk

SHOWN = 120  # points of time
SHORTEST = 20  # points of what came, so that one forecast is not alone
FEWEST_FANS = 3
FARTHEST_LAG = 40
NORMAL = 1.96  # of white noise's autocorrelations 95 % are within this over the root of n
OFF_THE_PICTURE = 2.0  # times the range of what came and what was forecast


@dataclass(frozen=True)
class Fan:
    """Neighbouring forecasts of one line  # (n,) each; the last two half the width."""

    times: NDArray[Any]
    forecasts: FloatArray
    adaptive: FloatArray
    split: FloatArray


def fan(findings: Findings) -> Figure:
    """The best forecaster against what came, over the last stretch, with both its intervals."""
    walk, times = findings.best(), chart.times_of(findings.series)
    if walk is None:
        return chart.nothing(findings)
    figure, (axes,) = chart.panels(4.8)
    shown = _last(walk)
    fans = _fans(walk, times, shown)
    first, last = walk.origins[shown[0]], walk.origins[shown[-1]] + walk.horizon
    before = walk.horizon if walk.horizon > 1 else max(0, SHORTEST - len(shown))
    stretch = slice(max(0, first - before), last)
    actual, level = findings.series.values[stretch], findings.experiment.evaluation.level
    for position, fan in enumerate(fans):
        _draw(axes, fan, level, first=position == 0)
    axes.plot(times[stretch], actual, color=ACTUAL, lw=1.3, label="actual")
    cut = _cut_off(axes, actual, fans)
    axes.set_ylabel("y")
    chart.time_axis(axes, findings.series, "t")
    chart.heading(
        figure, f"{findings.series.name}: {_told(walk, len(shown))}", cut, chart.left_out(findings)
    )
    chart.legend_below(figure, axes)
    return figure


def coverage(findings: Findings) -> Figure:
    """The share of targets within both intervals as time goes by: the best forecaster and LSTM."""
    walks = list({w.forecaster: w for w in (findings.best(), findings.best("lstm")) if w}.values())
    if not walks:
        return chart.nothing(findings)
    figure, drawn = chart.panels(2.2 * len(walks) + 1.3, len(walks), sharex=True, sharey=True)
    window = coverage_window(len(walks[0].origins))
    for axes, walk in zip(drawn, walks, strict=True):
        _coverage(axes, findings, walk, window)
    every = f"{window} origins" if window > 1 else "one origin"
    steps = "" if findings.horizon == 1 else ", all steps ahead together"
    chart.heading(
        figure,
        f"{findings.series.name}: share of targets inside the interval, {every} at a time{steps}",
        chart.left_out(findings),
    )
    chart.time_axis(drawn[-1], findings.series, "t of the last of these origins")
    chart.legend_below(figure, drawn[0])
    return figure


def residuals(findings: Findings) -> Figure:
    """Autocorrelation of each forecaster's errors one step ahead, a panel a forecaster."""
    columns = min(2, len(findings.names))
    rows = math.ceil(len(findings.names) / columns)
    figure, drawn = chart.panels(1.9 * rows + 1.2, rows, columns, sharex=True, sharey=True)
    for axes, name in zip(drawn, findings.names, strict=False):
        _residuals(axes, findings.typical(name), name, chart.styles(findings)[name]["color"])
    for axes in drawn[len(findings.names) :]:
        axes.set_axis_off()
    step = findings.experiment.evaluation.origin_step
    chart.heading(
        figure,
        f"{findings.series.name}: autocorrelation of the residuals one step ahead "
        "(actual less forecast)",
        "Shaded: where 95 % of them would lie if the residuals were white noise.",
        chart.left_out(findings),
    )
    lag = "lag" if step == 1 else f"lag, in origins {step} points apart"
    for axes in drawn[max(0, len(findings.names) - columns) : len(findings.names)]:
        axes.set_xlabel(lag)
        axes.tick_params(labelbottom=True)
    return figure


def coverage_window(n_origins: int) -> int:
    """A tenth of all, 20 at least, as far as there are so many."""
    return min(n_origins, max(20, n_origins // 10))


def autocorrelations(values: FloatArray, lags: int) -> FloatArray:
    """Of lags 1 to `lags`; NaN where the values never change. values: (n,), n > lags."""
    centred = values - values.mean()
    variance = float(centred @ centred)
    if variance == 0:
        return np.full(lags, np.nan)
    return np.array([centred[k:] @ centred[:-k] for k in range(1, lags + 1)]) / variance


def _last(walk: Walk) -> NDArray[np.intp]:
    """The rows drawn: all of a last stretch, or origins whose fans do not overlap."""
    n = len(walk.origins)
    if walk.horizon == 1:
        return np.arange(max(0, n - SHOWN), n)
    apart = math.ceil(walk.horizon / int(np.diff(walk.origins).min())) if n > 1 else 1
    count = max(FEWEST_FANS, SHOWN // walk.horizon)
    return np.arange(n - 1, -1, -apart)[:count][::-1]


def _fans(walk: Walk, times: NDArray[Any], rows: NDArray[np.intp]) -> list[Fan]:
    arrays = (walk.forecasts[rows], walk.adaptive[rows], walk.split[rows])  # (n_rows, horizon)
    if walk.horizon == 1:
        return [Fan(times[walk.origins[rows]], *(array[:, 0] for array in arrays))]
    ahead = np.arange(walk.horizon)
    return [
        Fan(times[origin + ahead], *parts)
        for origin, *parts in zip(walk.origins[rows], *arrays, strict=True)
    ]


def _draw(axes: Axes, fan: Fan, level: float, *, first: bool) -> None:
    """`first`: the one that the legend names."""

    def named(text: str) -> str | None:
        return text if first else None

    told, blue = f"{100 * level:.3g} % interval", PALETTE[0]
    low, high = fan.forecasts - fan.adaptive, fan.forecasts + fan.adaptive
    alone = len(fan.times) == 1
    if alone:
        axes.vlines(fan.times, low, high, color=blue, alpha=0.3, lw=9, label=f"adaptive {told}")
    else:
        adaptive = named(f"adaptive {told}")
        axes.fill_between(fan.times, low, high, color=blue, alpha=0.2, lw=0, label=adaptive)
    for sign, label in ((-1, named(f"split {told}")), (1, None)):
        line = fan.forecasts + sign * fan.split
        dash = "_" if alone else ""
        axes.plot(fan.times, line, color=FAINT, lw=0.8, marker=dash, ms=12, label=label)
    dot = "o" if len(fan.times) < 3 else ""  # too short for a line to be seen
    axes.plot(
        fan.times, fan.forecasts, color=blue, lw=1.5, marker=dot, ms=3, label=named("forecast")
    )


def _cut_off(axes: Axes, actual: FloatArray, fans: list[Fan]) -> str:
    """Keep the picture to what came and was forecast; says so where an interval is far wider."""
    seen = np.concatenate([actual, *(fan.forecasts for fan in fans)])
    margins = np.concatenate([array for fan in fans for array in (fan.adaptive, fan.split)])
    room = OFF_THE_PICTURE * float(np.ptp(seen))
    if not room or np.nanmax(np.where(np.isfinite(margins), margins, np.inf)) <= room:
        return ""
    axes.set_ylim(seen.min() - room / 2, seen.max() + room / 2)
    return "Intervals go on beyond the edge of this picture."


def _told(walk: Walk, count: int) -> str:
    ahead = "one step" if walk.horizon == 1 else f"{walk.horizon} steps"
    origins = f"{count} of the last" if walk.horizon > 1 else f"the last {count}"
    where = f"{origins} origins" if count > 1 else "the last origin"
    return f"forecasts {ahead} ahead from {where}, by {chart.label(walk)}"


def _coverage(axes: Axes, findings: Findings, walk: Walk, window: int) -> None:
    times, level = chart.times_of(findings.series), findings.experiment.evaluation.level
    at = times[walk.origins[window - 1 :]]
    dot = "o" if len(at) < 3 else ""
    for kind, colour, width, margin in (
        ("split", PALETTE[1], 2.4, walk.split),  # below, so that both are seen where they agree
        ("adaptive", PALETTE[0], 1.4, walk.adaptive),
    ):
        hits = (np.abs(walk.actual - walk.forecasts) <= margin).mean(axis=1)  # (n_origins,)
        summed = np.concatenate([[0.0], np.cumsum(hits)])
        share = (summed[window:] - summed[:-window]) / window
        label = f"{kind} interval"
        axes.plot(at, share, color=colour, lw=width, marker=dot, ms=2 + 2 * width, label=label)
    axes.axhline(level, color=ACTUAL, lw=1, ls="--", label=f"aimed at, {100 * level:.3g} %")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g} %"))
    axes.set_title(chart.label(walk), loc="left", fontsize=10)


def _residuals(axes: Axes, walk: Walk | None, name: str, colour: str) -> None:
    if walk is None:
        chart.note(axes, f"{shortened(name)}: training diverged")
        return
    errors = (walk.actual - walk.forecasts)[:, 0]
    lags = min(FARTHEST_LAG, len(errors) // 4)
    found = autocorrelations(errors, lags)
    if not np.isfinite(found).any():
        why = "residuals never change" if lags else f"too few residuals, {len(errors)}"
        chart.note(axes, f"{chart.label(walk)}: {why}")
        return
    axes.set_title(chart.label(walk), loc="left", fontsize=10)
    band = NORMAL / math.sqrt(len(errors))
    axes.axhspan(-band, band, color=ACTUAL, alpha=0.12, lw=0)
    axes.axhline(0, color=ACTUAL, lw=0.8)
    axes.vlines(np.arange(1, lags + 1), 0, found, color=colour, lw=2.4)
    axes.set_xlim(0, lags + 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
