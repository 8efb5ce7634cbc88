"""Pictures of how far off forecasters are: by cutoff and by step ahead."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation import chart
from lstm_ops.evaluation.chart import shortened
from lstm_ops.evaluation.findings import Findings, rmse_by_cutoff, rmse_by_step
from lstm_ops.evaluation.text import number


def by_cutoff(findings: Findings) -> Figure:
    """A line a forecaster: mean over seeds, and a band from the lowest to the highest seed.

    With one cutoff, where all points would be above each other, they stand side by side.
    """
    if findings.best() is None:
        return chart.nothing(findings)
    figure, (axes,) = chart.panels(4.6)
    at, drawn = chart.times_of(findings.series)[findings.cutoffs], []
    for position, name in enumerate(findings.names):
        seeds = np.array([rmse_by_cutoff(walk) for walk in findings.sound(name)])
        if len(seeds):
            drawn.append(seeds)
            look = {**chart.styles(findings)[name], "zorder": 4 - position / len(findings.names)}
            _with_band(axes, at if len(at) > 1 else np.array([position]), seeds, look, name)
    chart.floor_line(axes, findings, across=True)
    chart.spread_out(axes, "y", np.concatenate(drawn, axis=None))
    several = chart.several_seeds(findings)
    chart.heading(
        figure,
        f"{findings.series.name}: RMSE of the forecasts after each cutoff{_over_seeds(findings)}",
        f"{'Shaded' if len(at) > 1 else 'Strokes'}: from the lowest to the highest seed."
        if several
        else "",
        chart.left_out(findings),
    )
    axes.set_ylabel(chart.RMSE)
    if len(at) > 1:
        chart.time_axis(axes, findings.series, "time t of the first forecast after the cutoff")
    else:
        axes.set_xlim(-1, len(findings.names))
        axes.set_xticks([])
        axes.set_xlabel(f"the first forecast after the cutoff is at time t = {chart.moment(at[0])}")
    chart.legend_below(figure, axes)
    return figure


def by_horizon(findings: Findings) -> Figure:
    """A line a forecaster over the steps ahead; where there is but one step, a bar."""
    if findings.best() is None:
        return chart.nothing(findings)
    styles = chart.styles(findings)
    means = {
        name: np.mean([rmse_by_step(walk) for walk in walks], axis=0)
        for name in findings.names
        if (walks := findings.sound(name))
    }
    if findings.horizon == 1:
        return _bars(findings, {name: float(mean[0]) for name, mean in means.items()})
    figure, (axes,) = chart.panels(4.4)
    steps = np.arange(1, findings.horizon + 1)
    for name, mean in means.items():
        look = {**styles[name], **({"marker": ""} if len(steps) > 40 else {})}
        axes.plot(steps, mean, **look, lw=1.6, ms=4, label=shortened(name))
    chart.floor_line(axes, findings, across=True)
    chart.spread_out(axes, "y", np.concatenate(list(means.values())))
    chart.heading(
        figure,
        f"{findings.series.name}: RMSE by how many steps ahead{_over_seeds(findings)}",
        chart.left_out(findings),
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("steps ahead")
    axes.set_ylabel(chart.RMSE)
    chart.legend_below(figure, axes)
    return figure


def _with_band(axes: Axes, at: Any, seeds: FloatArray, look: chart.Style, name: str) -> None:
    """at: (n_cutoffs,); seeds: (n_seeds, n_cutoffs)."""
    low, high, colour = seeds.min(axis=0), seeds.max(axis=0), look["color"]
    axes.plot(at, seeds.mean(axis=0), **look, lw=1.6, ms=5, label=shortened(name))
    if len(at) == 1:
        axes.vlines(at, low, high, color=colour, lw=1.2)
    elif len(seeds) > 1:
        axes.fill_between(at, low, high, color=colour, alpha=0.16, lw=0)


def _bars(findings: Findings, means: dict[str, float]) -> Figure:
    figure, (axes,) = chart.panels(chart.ROW * len(means) + 1.6)
    styles = chart.styles(findings)
    bars = axes.barh(
        [shortened(name) for name in means],
        list(means.values()),
        color=[styles[name]["color"] for name in means],
        height=0.62,
    )
    axes.bar_label(bars, [number(value) for value in means.values()], padding=4)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlim(left=0)
    chart.floor_line(axes, findings, across=False)
    chart.heading(
        figure,
        f"{findings.series.name}: RMSE one step ahead{_over_seeds(findings)}",
        chart.left_out(findings),
    )
    axes.set_xlabel(chart.RMSE)
    chart.legend_below(figure, axes)
    return figure


def _over_seeds(findings: Findings) -> str:
    return ", mean over seeds" if chart.several_seeds(findings) else ""
