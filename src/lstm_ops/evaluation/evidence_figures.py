"""Pictures of what comparisons rest on: every seed's RMSE, and every pair with its interval."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import FuncFormatter, NullLocator

from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation import chart
from lstm_ops.evaluation.chart import shortened
from lstm_ops.evaluation.drawing import ACTUAL, WIDE
from lstm_ops.evaluation.evidence import Comparison, Verdict
from lstm_ops.evaluation.findings import Findings, rmse
from lstm_ops.evaluation.text import number, percent

HALF_A_ROW = 24  # letters
COLOURS: dict[Verdict, str] = {
    "better": "#00805c",
    "worse": "#c24e00",
    "not distinguishable": "#666666",
}
LINEAR_UP_TO, LINEAR_WITHIN = 100.0, 10.0  # percent of difference


def seeds(findings: Findings) -> Figure:
    """Above every seed's RMSE, a row a forecaster; below every comparison with its interval."""
    counts = [count for count in (len(findings.names), len(findings.comparisons)) if count]
    heights = [chart.ROW * count + 1.5 for count in counts]
    figure = Figure(figsize=(WIDE[0], sum(heights)), layout="constrained")
    above, *below = figure.subfigures(len(counts), 1, squeeze=False, height_ratios=heights)[:, 0]
    _dots(above, findings)
    for part in below:
        _forest(part, findings)
    return figure


def _dots(figure: SubFigure, findings: Findings) -> None:
    axes = chart.panel(figure)
    styles, labels, every = chart.styles(findings), [], []
    for row, name in enumerate(findings.names):
        values = np.array([rmse(walk) for walk in findings.sound(name)])
        labels.append(_mean_and_sd(values, len(findings.standings[row].seeds)))
        every.append(values)
        if len(values):
            colour = styles[name]["color"]
            axes.plot(values, [row] * len(values), "o", color=colour, ms=7, alpha=0.55, mew=0)
            axes.plot(values.mean(), row, "|", color=ACTUAL, ms=17, mew=2)
    chart.floor_line(axes, findings, across=False)
    names = [shortened(name) for name in findings.names]
    _rows(axes, names, labels, [ACTUAL] * len(names))
    chart.spread_out(axes, "x", np.concatenate(every))
    axes.set_xlabel(chart.RMSE)
    several = chart.several_seeds(findings)
    chart.heading(
        figure,
        f"{findings.series.name}: RMSE over all cutoffs{', every seed' if several else ''}",
        "A dot is a seed, a stroke the mean. On the right: mean ± standard deviation."
        if several
        else "",
        chart.left_out(findings),
    )
    chart.legend_below(figure, axes)


def _forest(figure: SubFigure, findings: Findings) -> None:
    axes = chart.panel(figure)
    ends, labels = [], []
    for row, c in enumerate(findings.comparisons):
        interval, colour = c.relative_interval, COLOURS[c.verdict]
        labels.append(_difference(c))
        if not all(map(math.isfinite, (interval.low, c.relative, interval.high))):
            continue
        ends += [100 * interval.low, 100 * interval.high]
        axes.plot(ends[-2:], [row, row], color=colour, lw=2.4, solid_capstyle="butt")
        axes.plot(100 * c.relative, row, "D", color=colour, ms=6)
    axes.axvline(0, color=ACTUAL, lw=1)
    _percents(axes, ends)
    pairs = [f"{_half(c.a)} against {_half(c.b)}" for c in findings.comparisons]
    _rows(axes, pairs, labels, [COLOURS[c.verdict] for c in findings.comparisons])
    for verdict in dict.fromkeys(c.verdict for c in findings.comparisons):
        told = verdict if verdict == "not distinguishable" else f"the first is {verdict}"
        axes.plot([], [], "D-", color=COLOURS[verdict], lw=2.4, label=told)
    chart.heading(
        figure,
        "RMSE of the first less that of the second, in percent of the second, with its "
        f"{100 * findings.comparisons[0].confidence:.3g} % interval",
    )
    axes.set_xlabel("difference in %; left of 0 the first is lower, right of it the second")
    chart.legend_below(figure, axes)


def _percents(axes: Axes, ends: list[float]) -> None:
    """Logarithmic beyond ±10 % where one is far off, so that small differences are still seen."""
    if not ends:
        axes.set_xticks([0])
        return
    low, high = min(ends), max(ends)
    if max(-low, high) > LINEAR_UP_TO:
        axes.set_xscale("symlog", linthresh=LINEAR_WITHIN)
        decades = LINEAR_WITHIN * 10.0 ** np.arange(np.ceil(np.log10(max(-low, high))))
        steps = sorted({LINEAR_WITHIN / 2, *decades, *(3 * decades if len(decades) < 5 else ())})
        axes.set_xticks([*(-s for s in steps if s < -low), 0, *(s for s in steps if s < high)])
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def _rows(axes: Axes, left: list[str], right: list[str], colours: list[str]) -> None:
    """A row for each, the first on top, named on the left and told in numbers on the right."""
    axes.set_ylim(len(left) - 0.4, -0.6)
    axes.set_yticks(range(len(left)), left)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#e6e6e6", lw=0.8)
    axes.set_axisbelow(True)
    chart.end_labels(axes, right, colours)


def _mean_and_sd(values: FloatArray, n_seeds: int) -> str:
    """Of the seeds that did not diverge; no deviation where there is only one."""
    if not len(values):
        return "diverged"
    told = number(float(values.mean()), padded=True)
    if len(values) > 1:
        told += f" ± {number(float(values.std(ddof=1)), 2, padded=True)}"
    return told if len(values) == n_seeds else f"{told} ({len(values)} of {n_seeds} seeds)"


def _difference(c: Comparison) -> str:
    if not math.isfinite(c.relative):
        return _why_none(c)
    low, high = c.relative_interval.low, c.relative_interval.high
    sign = "+" if c.relative > 0 else ""
    return f"{sign}{percent(c.relative)} % ({percent(low)} to {percent(high)})"


def _why_none(c: Comparison) -> str:
    lost = [not math.isfinite(rmse) for rmse in (c.rmse_a, c.rmse_b)]
    if all(lost):
        return "both diverged"
    return f"the {'first' if lost[0] else 'second'} diverged" if any(lost) else "second: RMSE 0"


def _half(name: str) -> str:
    """Of a row that names two."""
    return shortened(name, HALF_A_ROW)
