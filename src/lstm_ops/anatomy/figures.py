"""What a network has learned, in pictures, and all its pictures by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lstm_ops.anatomy import drawings, wording
from lstm_ops.anatomy.charts import MOST_LINES, Grid, counted, over_time, panels, units_legend
from lstm_ops.anatomy.dimensions import GATE_NAMES
from lstm_ops.anatomy.explanation import Explanation
from lstm_ops.anatomy.forward import LstmTrace
from lstm_ops.anatomy.learned import Curve
from lstm_ops.anatomy.network import Lstm
from lstm_ops.anatomy.parameter_map import live_parameters
from lstm_ops.anatomy.svg import svg
from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation.drawing import ACTUAL, PALETTE

__all__ = [
    "all_figures", "curve", "gates", "live_parameters", "memory", "save", "svg", "trace",
]  # fmt: skip

DPI = 110
FLAT = 0.1  # of the steepest slope inside the training range: below it a curve counts as flat
TWO_DECADES = 100.0


def all_figures(explanation: Explanation) -> dict[str, Figure]:
    """By the stem of their file names, those that make sense for this network."""
    lstms, steps = bool(explanation.network.lstms), explanation.network.steps
    wanted = {
        "cell": (lstms, drawings.cell),
        "unrolled": (lstms and steps > 1, drawings.unrolled),
        "live_parameters": (True, live_parameters),
        "curve": (explanation.curve is not None, curve),
        "memory": (len(explanation.memory.lags) > 1, memory),
        "gates": (lstms, gates),
        "trace": (lstms and steps > 1, trace),
    }
    return {name: draw(explanation) for name, (wanted_here, draw) in wanted.items() if wanted_here}


def save(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """NAME.png and NAME.svg of each in `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in figures.items():
        vector, pixels = folder / f"{name}.svg", folder / f"{name}.png"
        vector.write_text(svg(figure, name), encoding="utf-8")
        FigureCanvasAgg(figure)
        figure.savefig(pixels, dpi=DPI)
        paths += [pixels, vector]
    return paths


def curve(explanation: Explanation) -> Figure:
    """The network of one input as a function, beside persistence and the fitted line.

    Raises `ValueError` where there is no such function.
    """
    learned = explanation.curve
    if learned is None:
        raise ValueError("a curve needs a network of one input and one output, and known targets")
    figure, (axes,) = panels([f"Forecast y(x) of the last value x. {_flat(learned)}"], Grid(1, 3.4))
    axes.axvspan(learned.low, learned.high, color=PALETTE[4], alpha=0.15, lw=0)
    slope, intercept = learned.line
    line = slope * learned.x + intercept
    says = f"fitted line, {wording.line(learned.line)}"
    axes.plot(learned.x, learned.y, color=PALETTE[0], lw=2.4, label="the network")
    axes.plot(learned.x, learned.x, color=ACTUAL, lw=1.0, ls="--", label="persistence, y = x")
    axes.plot(learned.x, line, color=PALETTE[5], lw=1.4, ls="-.", label=says)
    shaded = "shaded: seen in training"
    legend = axes.legend(loc="upper left", frameon=False, fontsize=9, title=shaded)
    legend.set_alignment("left")
    axes.set_xlabel(f"x, {explanation.subject.unit}", fontsize=9)
    axes.set_ylabel("y", fontsize=9)
    return figure


def _flat(learned: Curve) -> str:
    """Where the curve has hardly any slope left at its ends, in words."""
    slopes = np.abs(np.gradient(learned.y, learned.x))
    inside = (learned.x >= learned.low) & (learned.x <= learned.high)
    flat = slopes < FLAT * slopes[inside].max(initial=0.0)
    below, above = int(np.argmin(flat)), len(flat) - 1 - int(np.argmin(flat[::-1]))
    ends = [f"below {learned.x[below]:.4g}"] if below else []
    ends += [f"above {learned.x[above]:.4g}"] if above < len(flat) - 1 else []
    if not ends:
        return "Nowhere flat on what is drawn"
    return f"Flat {' and '.join(ends)} (slope under {FLAT:.0%} of the steepest)"


def memory(explanation: Explanation) -> Figure:
    """Mean |∂y/∂x| by lag, on a logarithmic axis where it spans more than two decades; beside it
    the half-lives of the units, where there are any."""
    lives = explanation.memory.half_lives
    titles = ["Mean |∂y/∂x| by lag; lag 1 is the last value"]
    titles += ["Half-lives of the units, in time steps"] if lives else []
    figure, (lags, *units) = panels(titles, Grid(len(titles), 2.6))
    _bars_by_lag(lags, explanation)
    for axes in units:
        _half_lives(axes, lives)
    return figure


def _bars_by_lag(axes: Axes, explanation: Explanation) -> None:
    lags = np.array([lag.lag for lag in explanation.memory.lags])
    means = np.array([lag.mean for lag in explanation.memory.lags])
    positive = means[means > 0]
    if len(positive) and positive.max() > TWO_DECADES * positive.min():
        axes.plot(lags[means > 0], positive, "o", color=PALETTE[0], ms=4)
        axes.set_yscale("log")  # a bar has no honest foot on it
    else:
        axes.vlines(lags, 0, means, color=PALETTE[0], lw=_thick(len(lags)))
        axes.set_ylim(bottom=0)
    axes.set_xlim(0.4, len(lags) + 0.6)
    counted(axes, "lag")


def _thick(bars: int) -> float:
    """Points, for bars that nearly touch in half a figure."""
    return max(1.0, min(12.0, 190 / bars))


def _half_lives(axes: Axes, lives: Mapping[str, tuple[float, ...]]) -> None:
    """A dot a unit, in order of size; those that never forget stand in the label."""
    endless = 0
    for colour, (layer, values) in zip(PALETTE, lives.items(), strict=False):
        known = sorted(value for value in values if np.isfinite(value))
        endless += len(values) - len(known)
        axes.plot(range(1, len(known) + 1), known, "o", color=colour, ms=4, label=layer)
    axes.margins(x=0.04, y=0.1)
    axes.set_ylim(bottom=0)
    counted(axes, "unit, shortest first" + (f"; {endless} never halve" if endless else ""))
    if len(lives) > 1:
        axes.legend(frameon=False, fontsize=9)


def gates(explanation: Explanation) -> Figure:
    """Each gate at the last time step over consecutive windows; a column of panels a layer."""
    layers = explanation.network.lstms
    titles = [_gate_title(explanation, layer, gate) for gate in GATE_NAMES for layer in layers]
    figure, made = panels(titles, _grid(explanation, len(layers), 1.25, shared=True))
    shown = [explanation.gates[layer.name][gate] for gate in GATE_NAMES for layer in layers]
    for axes, values in zip(made, shown, strict=True):
        over_time(axes, values, explanation.stretch[0])
    for axes in made[-len(layers) :]:
        counted(axes, "window")
    return _with_legend(figure, explanation)


def _gate_title(explanation: Explanation, layer: Lstm, gate: str) -> str:
    inert = "; only multiplies zero" if gate == "f" and explanation.network.steps == 1 else ""
    layers = f"{layer.name}: " if len(explanation.network.lstms) > 1 else ""
    return f"{layers}{gate}, {GATE_NAMES[gate]}{inert}"


def trace(explanation: Explanation) -> Figure:
    """c and h of the traced window over its time steps, a row of panels for each LSTM layer."""
    traces = [trace for trace in explanation.trace if isinstance(trace, LstmTrace)]
    meaning = {"c": "cell state", "h": "hidden state"}
    titles = [f"{t.layer.name}: {symbol}, {meaning[symbol]}" for t in traces for symbol in meaning]
    figure, made = panels(titles, _grid(explanation, len(meaning), 1.8, shared=True))
    states: list[FloatArray] = [getattr(t, symbol)[0] for t in traces for symbol in meaning]
    for axes, values in zip(made, states, strict=True):
        over_time(axes, values, 1)
    for axes in made[-len(meaning) :]:
        counted(axes, f"time step of window {explanation.window}")
    return _with_legend(figure, explanation)


def _grid(explanation: Explanation, columns: int, height: float, shared: bool) -> Grid:
    units = [layer.units for layer in explanation.network.lstms]
    return Grid(columns, height, shared, min(units) <= MOST_LINES, max(units) > MOST_LINES)


def _with_legend(figure: Figure, explanation: Explanation) -> Figure:
    as_lines = [lstm.units for lstm in explanation.network.lstms if lstm.units <= MOST_LINES]
    if as_lines:
        units_legend(figure, max(as_lines))
    return figure
