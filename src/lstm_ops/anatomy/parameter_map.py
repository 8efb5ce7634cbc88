"""Every parameter as a small square: live or inert, in its variable, layer and gate."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from lstm_ops.anatomy import wording
from lstm_ops.anatomy.charts import INCHES_WIDE
from lstm_ops.anatomy.dimensions import Variable
from lstm_ops.anatomy.explanation import Explanation
from lstm_ops.anatomy.liveness import Mask
from lstm_ops.anatomy.network import variables
from lstm_ops.data.series import FloatArray

WIDTH, NAMES, ROOM = 100.0, 29.0, 69.0  # units: the figure, the names' column, the squares'
INCHES = INCHES_WIDE / WIDTH
WIDEST, TALLEST = 3.2, 26.0  # a square, and a variable's rows together
GRID_UP_TO = 1200  # squares; more are drawn as an image without lines
HEAD, GAP, LABEL = 9.0, 2.6, 2.6  # heights of the title, below a variable, and of its gates
PALE, DEEP = np.array([0xA9, 0xD3, 0xEC]), np.array([0x00, 0x45, 0x73])
INERT = np.array([0xDD, 0xDD, 0xDD])


def live_parameters(explanation: Explanation) -> Figure:
    """Blue is live, the deeper the larger its |weight| within its variable; grey can never move."""
    heights = [_height(variable) for variable in explanation.variables]
    total = HEAD + sum(heights)
    figure = Figure(figsize=(INCHES_WIDE, total * INCHES), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, total))
    axes.set_axis_off()
    _title(axes, explanation, total)
    weights = _weights(explanation)
    top = total - HEAD
    for variable, height in zip(explanation.variables, heights, strict=True):
        _draw(axes, explanation, variable, weights[variable.path], top)
        top -= height
    axes.set(xlim=(0, WIDTH), ylim=(0, total))  # as images change them
    return figure


def _title(axes: Axes, explanation: Explanation, total: float) -> None:
    alive, inert = explanation.alive, explanation.total - explanation.alive
    says = f"{explanation.total} parameters: {alive} live, {inert} inert"
    _write(axes, 1.5, total - 2.5, says, size=11, bold=True)
    key = "blue: live, the deeper the larger |weight| within its variable"
    _write(axes, 1.5, total - 5.4, key + ("; grey: can never move" if inert else ""))


def _draw(
    axes: Axes, explanation: Explanation, variable: Variable, weights: FloatArray, top: float
) -> None:
    live = np.atleast_2d(explanation.live[variable.path])
    rows, columns = live.shape
    wide, tall = _square(variable)
    below = top - (LABEL if variable.blocks else 0)
    bottom = below - rows * tall
    _write(axes, 1.5, below - 1.3, variable.path, bold=True)
    alive = wording.live(explanation, variable)
    _write(axes, 1.5, below - 3.9, f"{wording.shape(variable.shape)}, {alive} of {live.size} live")
    axes.imshow(
        _colours(live, np.atleast_2d(weights)),
        extent=(NAMES, NAMES + columns * wide, bottom, below),
        aspect="auto",
        interpolation="nearest",
    )
    _grid(axes, rows, columns, (NAMES, bottom), (wide, tall), variable)
    for block in variable.blocks:
        middle = NAMES + wide * (block.start + block.stop) / 2
        _write(axes, middle, below + 1.3, block.gate, across="center", bold=True)


def _grid(
    axes: Axes,
    rows: int,
    columns: int,
    corner: tuple[float, float],
    square: tuple[float, float],
    variable: Variable,
) -> None:
    """White lines between squares, where they are few, and wider ones between gates."""
    (left, bottom), (wide, tall) = corner, square
    right, top = left + columns * wide, bottom + rows * tall
    fine = range(columns + 1) if rows * columns <= GRID_UP_TO else ()
    upright = [[(left + k * wide, bottom), (left + k * wide, top)] for k in fine]
    across = [
        [(left, bottom + k * tall), (right, bottom + k * tall)]
        for k in (range(rows + 1) if fine else ())
    ]
    gates = [
        [(left + block.start * wide, bottom), (left + block.start * wide, top)]
        for block in variable.blocks[1:]
    ]
    widths = [0.8] * (len(upright) + len(across)) + [3.0] * len(gates)
    lines = LineCollection([*upright, *across, *gates], colors="white", linewidths=widths)
    axes.add_collection(lines, autolim=False)


def _colours(live: Mask, weights: FloatArray) -> FloatArray:
    """Red, green and blue of each entry, from 0 to 1  # (rows, columns, 3)."""
    size = np.abs(weights) / (float(np.abs(weights).max()) or 1.0)
    shades = PALE + size[..., np.newaxis] * (DEEP - PALE)
    colours: FloatArray = np.where(live[..., np.newaxis], shades, INERT) / 255
    return colours


def _square(variable: Variable) -> tuple[float, float]:
    rows, columns = _grid_of(variable)
    wide = min(WIDEST, ROOM / columns)
    return wide, min(WIDEST, TALLEST / rows)


def _height(variable: Variable) -> float:
    rows, _ = _grid_of(variable)
    squares = max(rows * _square(variable)[1], 5.2)  # two lines of text stand beside them
    return squares + GAP + (LABEL if variable.blocks else 0)


def _grid_of(variable: Variable) -> tuple[int, int]:
    *rows, columns = variable.shape
    return (rows[0] if rows else 1), columns


def _weights(explanation: Explanation) -> dict[str, FloatArray]:
    return {
        f"{layer.name}/{name}": array
        for layer in explanation.network.layers
        for name, array in variables(layer).items()
    }


def _write(
    axes: Axes,
    x: float,
    y: float,
    says: str,
    *,
    size: float = 9,
    bold: bool = False,
    across: str = "left",
) -> None:
    text = Text(x, y, says, fontsize=size, va="center", color="#222222")
    text.set_horizontalalignment(across)  # type: ignore[arg-type]
    text.set_fontweight("bold" if bold else "normal")
    axes.add_artist(text)
