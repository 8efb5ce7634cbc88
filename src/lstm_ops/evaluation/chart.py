"""What the pictures of a backtest share: layout, scales, labels, a style for each forecaster."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray

from lstm_ops.data.series import Series
from lstm_ops.evaluation.drawing import ACTUAL, PALETTE, WIDE, quiet
from lstm_ops.evaluation.findings import Findings
from lstm_ops.evaluation.text import number
from lstm_ops.evaluation.walks import Walk

LOGARITHMIC_FROM = 5.0  # times as large as the smallest
RMSE = "RMSE, in units of y"
ROW = 0.34  # inches
LETTERS = 120  # in a line as wide as the figure
LONGEST_NAME = 34
FAINT = "#8a8a8a"
MARKERS = "osD^vP"
DASHES = ("-", "--", "-.", ":")

Style = dict[str, Any]


def panels(
    height: float, rows: int = 1, columns: int = 1, **grid: Any
) -> tuple[Figure, list[Axes]]:
    """A figure that finds room for its labels by itself, panels by row."""
    figure = Figure(figsize=(WIDE[0], height), layout="constrained")
    drawn = list(figure.subplots(rows, columns, squeeze=False, **grid).flat)
    for axes in drawn:
        _roomy(axes)
    return figure, drawn


def panel(figure: SubFigure) -> Axes:
    """The only one in a part of a figure."""
    axes: Axes = figure.subplots()
    _roomy(axes)
    return axes


def _roomy(axes: Axes) -> None:
    quiet(axes)
    axes.margins(x=0.015, y=0.06)


def heading(figure: FigureBase, *lines: str) -> None:
    """The first line says what is seen, the others what to know; empty ones are left out."""
    figure.suptitle(_wrapped(lines), x=0.01, ha="left", fontsize=11)


def _wrapped(lines: Sequence[str]) -> str:
    return "\n".join(part for line in lines if line for part in textwrap.wrap(line, LETTERS))


def left_out(findings: Findings) -> str:
    """Which seeds are left out, if any."""
    lost = "; ".join(label(walk) for walk in findings.diverged)
    return f"Left out, because training diverged: {lost}." if lost else ""


def nothing(findings: Findings) -> Figure:
    """Instead of a picture where every seed of every forecaster diverged."""
    figure, (axes,) = panels(2.0)
    heading(figure, left_out(findings))
    note(axes, "Not drawn: training diverged with every seed of every forecaster.")
    return figure


def styles(findings: Findings) -> dict[str, Style]:
    """One look a forecaster, the same in every figure."""
    count = len(PALETTE)
    return {
        name: {
            "color": PALETTE[i % count],
            "marker": MARKERS[i % count],
            "ls": DASHES[i // count % 4],
        }
        for i, name in enumerate(findings.names)
    }


def shortened(name: str, longest: int = LONGEST_NAME) -> str:
    """Cut in the middle, since long names tend to differ at the end."""
    half = longest // 2
    return name if len(name) <= longest else f"{name[:half]}…{name[-half + 1 :]}"


def label(walk: Walk) -> str:
    """`lstm, seed 3`."""
    name = shortened(walk.forecaster)
    return name if walk.seed is None else f"{name}, seed {walk.seed}"


def legend_below(figure: FigureBase, axes: Axes) -> None:
    """Every label of `axes`, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        fitting = max(1, LETTERS // (max(map(len, labels)) + 7))
        figure.legend(
            handles,
            labels,
            loc="outside lower left",
            ncols=min(fitting, len(labels)),
            frameon=False,
        )


def spread(values: ArrayLike) -> bool:
    """Whether the largest is so many times the smallest that a logarithmic axis is needed."""
    positive = np.asarray(values)[np.asarray(values) > 0]
    return bool(len(positive) and positive.max() / positive.min() > LOGARITHMIC_FROM)


def logarithmic(axes: Axes, which: str, values: ArrayLike) -> None:
    """Make the axis so, with plain numbers at 1, 2 and 5 or, over many decades, powers of ten."""
    positive = np.asarray(values)[np.asarray(values) > 0]
    decades = float(np.log10(positive.max() / positive.min()))
    axis: Axis = getattr(axes, f"{which}axis")
    axes.set(**{f"{which}scale": "log"})
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2.5 else (1,), numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def times_of(series: Series) -> NDArray[Any]:
    """float64 or datetime64  # (n_points,)."""
    return series.frame["t"].to_numpy()


def moment(time: object) -> str:
    """A time of the series in words: `40.86`, `1957-01-01`, `2024-05-31 13:30`."""
    if isinstance(time, np.datetime64):
        return str(time.astype("datetime64[m]")).removesuffix("T00:00").replace("T", " ")
    return number(float(str(time)))


def time_axis(axes: Axes, series: Series, label: str) -> None:
    """Dates are written as short as they can be told apart."""
    axes.set_xlabel(label)
    if np.issubdtype(times_of(series).dtype, np.datetime64):
        locator = AutoDateLocator(minticks=4, maxticks=10)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(formatter)


def note(axes: Axes, text: str) -> None:
    """In an otherwise empty panel."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def end_labels(axes: Axes, labels: Sequence[str], colours: Sequence[str]) -> None:
    """On the right of a panel with a row for each of `labels`, the first on top."""
    right = axes.twinx()
    right.set_ylim(axes.get_ylim())
    right.set_yticks(range(len(labels)), labels)
    right.tick_params(length=0)
    right.spines[:].set_visible(False)
    for written, colour in zip(right.get_yticklabels(), colours, strict=True):
        written.set_color(colour)


def floor_line(axes: Axes, findings: Findings, *, across: bool) -> None:
    """The noise floor, if known, `across` the panel or upright."""
    if findings.floor:
        line = axes.axhline if across else axes.axvline
        line(findings.floor, color=ACTUAL, lw=1, ls="--", label="noise floor")


def spread_out(axes: Axes, which: str, values: ArrayLike) -> None:
    """Make the axis logarithmic where `values` ask for it."""
    if spread(values):
        logarithmic(axes, which, values)


def several_seeds(findings: Findings) -> bool:
    """Whether any forecaster was trained more than once."""
    return any(len(standing.seeds) > 1 for standing in findings.standings)
