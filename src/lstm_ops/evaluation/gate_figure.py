"""The picture of a decision: what every contestant gains over the champion, how surely."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lstm_ops.evaluation import chart
from lstm_ops.evaluation.drawing import ACTUAL
from lstm_ops.evaluation.gate import Decision, Finding
from lstm_ops.evaluation.text import number

CHOSEN, OTHER = "#00805c", "#666666"


def evidence(decision: Decision, margin: float) -> Figure:
    """A row a contestant, lowest RMSE on top; a line where the margin lies."""
    count = max(1, len(decision.findings))
    figure, (axes,) = chart.panels(chart.ROW * count + 1.6)
    for row, finding in enumerate(decision.findings):
        _row(axes, row, finding, finding.name == decision.winner)
    axes.axvline(0, color=ACTUAL, lw=1)
    if decision.kind != "first":  # no margin over what needs no training
        axes.axvline(100 * margin, color=ACTUAL, lw=1, ls=":", label="the margin")
        axes.legend(loc="best", frameon=False)
    axes.set_yticks(range(count), [chart.shortened(f.name) for f in decision.findings])
    axes.set_ylim(count - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"RMSE gained over {decision.against}, in %; right of 0 is better")
    colours = [CHOSEN if f.name == decision.winner else OTHER for f in decision.findings]
    chart.end_labels(axes, [f"RMSE {number(f.rmse)}" for f in decision.findings], colours)
    chart.heading(figure, f"{decision.kind}: {decision.because}")
    return figure


def _row(axes: Axes, row: int, finding: Finding, chosen: bool) -> None:
    """Point and interval; a point alone where there is no interval, nothing where no figure is."""
    gain, colour = finding.gain, CHOSEN if chosen else OTHER
    share = 0.0 if gain is None else gain.share
    if not math.isfinite(share):
        return
    axes.plot(100 * share, row, "D", color=colour, ms=6)
    if gain is not None and math.isfinite(gain.interval.low):
        ends = [100 * gain.interval.low, 100 * gain.interval.high]
        axes.plot(ends, [row, row], color=colour, lw=2.4, solid_capstyle="butt")
