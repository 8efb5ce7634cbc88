"""Axes that all figures here start from: fixed margins, quiet lines, one palette."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation.drawing import PALETTE

INCHES_WIDE = 8.5  # as wide as the drawings
LEFT, BELOW, ABOVE = 0.75, 0.5, 0.36  # inches round every panel
RIGHT, RIGHT_OF_IMAGE = 0.15, 0.75  # a colour bar's numbers stand to the right of it
SHARED = 0.12  # below a panel whose axis is that of the one below it
LEGEND = 0.3
MOST_LINES = 6
TICK_STEPS = [1, 2, 2.5, 5, 10]


@dataclass(frozen=True)
class Grid:
    """Panels in rows of `columns`, each `height` inches. Where they are `shared`, those below one
    another have the same horizontal axis. `legend` and `images` ask for room."""

    columns: int
    height: float
    shared: bool = False
    legend: bool = False
    images: bool = False


def panels(titles: Sequence[str], grid: Grid) -> tuple[Figure, list[Axes]]:
    """A figure with an axes for each title; rows are filled first."""
    rows = -(-len(titles) // grid.columns)
    below = SHARED if grid.shared else BELOW
    total = rows * (grid.height + ABOVE + below) + (BELOW - below) + LEGEND * grid.legend
    each = INCHES_WIDE / grid.columns
    width = each - LEFT - (RIGHT_OF_IMAGE if grid.images else RIGHT)
    figure = Figure(figsize=(INCHES_WIDE, total), facecolor="white")
    made = []
    for number, title in enumerate(titles):
        row, column = divmod(number, grid.columns)
        bottom = BELOW + (rows - 1 - row) * (grid.height + ABOVE + below)
        left = column * each + LEFT
        place = (left / INCHES_WIDE, bottom / total, width / INCHES_WIDE, grid.height / total)
        axes = figure.add_axes(place)
        axes.set_title(title, loc="left", fontsize=10, y=1.0)  # else sought by drawing twice
        _quiet(axes)
        axes.tick_params(labelbottom=not grid.shared or row == rows - 1)
        made.append(axes)
    return figure, made


def _quiet(axes: Axes) -> None:
    """Few ticks, legible labels, no frame above and to the right."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    axes.margins(x=0.01)
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=TICK_STEPS))
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=TICK_STEPS))


def counted(axes: Axes, label: str) -> None:
    """A horizontal axis that counts something."""
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], integer=True))
    axes.set_xlabel(label, fontsize=9, labelpad=2)


def over_time(axes: Axes, values: FloatArray, first: int) -> None:
    """Units over time: lines where they are few, else an image. values: (n, units)."""
    if values.shape[1] <= MOST_LINES:
        _lines(axes, values, first)
    else:
        _image(axes, values, first)


def _lines(axes: Axes, values: FloatArray, first: int) -> None:
    times = np.arange(first, first + len(values))
    marker = "o" if len(values) <= 12 else None
    for unit, colour in zip(values.T, PALETTE, strict=False):
        axes.plot(times, unit, color=colour, lw=1.2, marker=marker, ms=3)


def _image(axes: Axes, values: FloatArray, first: int) -> None:
    """Values of both signs around white, all others from dark to light."""
    count, units = values.shape
    low, high = float(values.min()), float(values.max())
    both = low < 0 < high
    bound = max(-low, high)
    image = axes.imshow(
        values.T,
        aspect="auto",
        extent=(first - 0.5, first + count - 0.5, units + 0.5, 0.5),
        vmin=-bound if both else low,
        vmax=bound if both else high,
        cmap="RdBu_r" if both else "cividis",
        interpolation="nearest",
    )
    left, bottom, width, height = axes.get_position().bounds
    figure = axes.get_figure(root=True)
    if figure is None:
        return
    beside = figure.add_axes((left + width + 0.01, bottom, 0.012, height))
    bar = figure.colorbar(image, cax=beside, ticks=MaxNLocator(4, steps=TICK_STEPS))
    bar.ax.tick_params(labelsize=9)
    axes.set_ylabel("unit", fontsize=9, labelpad=2)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))


def units_legend(figure: Figure, units: int) -> None:
    """The colours of units drawn as lines, above all panels."""
    lines = [Line2D([], [], color=colour, lw=2) for colour in PALETTE[:units]]
    names = [f"unit {unit + 1}" for unit in range(units)]
    figure.legend(
        handles=lines,
        labels=names,
        loc="upper left",
        bbox_to_anchor=(LEFT / INCHES_WIDE, 1.0),
        borderaxespad=0.2,
        ncols=units,
        frameon=False,
        fontsize=9,
    )
