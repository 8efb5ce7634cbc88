"""What pictures start from. matplotlib's objects are used directly: no global state, any thread."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 110
WIDE = (10.0, 4.0)
# Fixed, since matplotlib's own layout draws every figure twice to find them.
MARGINS = {"left": 0.07, "right": 0.99, "bottom": 0.12, "top": 0.91}
ACTUAL = "#222222"
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")


def save(figure: Figure, path: Path) -> None:
    """Write a PNG that opens in a browser, drawn once; `savefig` would draw it twice."""
    figure.set_dpi(DPI)
    FigureCanvasAgg(figure).print_png(str(path))  # type: ignore[no-untyped-call]


def single(title: str) -> tuple[Figure, Axes]:
    """A wide figure of one panel."""
    figure = Figure(figsize=WIDE)
    figure.subplots_adjust(**MARGINS)
    axes = figure.subplots()
    axes.set_title(title, loc="left")
    quiet(axes)
    return figure, axes


def quiet(axes: Axes) -> None:
    """No frame above and on the right, and data from edge to edge."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.01)


def colours(count: int) -> list[str]:
    """From the palette, over again where it is too short."""
    return [PALETTE[i % len(PALETTE)] for i in range(count)]
