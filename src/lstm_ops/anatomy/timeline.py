"""The network drawn over its time steps: the same cell again and again, then the Dense layers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from matplotlib.figure import Figure

from lstm_ops.anatomy import wording
from lstm_ops.anatomy.explanation import Explanation
from lstm_ops.anatomy.network import Layer, Lstm
from lstm_ops.anatomy.sketch import Point, Sketch

WIDTH, MARGIN, FEET = 100.0, 21.0, 11.0
BOX, CELL, DENSE, GAP = 8.0, 7.5, 5.0, 5.5  # width of a box, heights of both kinds, space between
WIDEST = 16.0  # from one time step to the next
MOST_STEPS, FIRST, LAST = 6, 3, 2
MOST_FEATURES = 2
MOST_OUTPUTS = 3
LONGEST_NAME = 18
CELL_FILL, DENSE_FILL = "#cfe4f3", "#f2f2f2"
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class _Row:
    """A layer in the drawing: the height of its boxes' lower edge, and whether every time step
    reaches it and leaves it."""

    layer: Layer
    bottom: float
    takes_all: bool
    gives_all: bool

    @property
    def top(self) -> float:
        return self.bottom + (CELL if isinstance(self.layer, Lstm) else DENSE)


def unrolled(explanation: Explanation) -> Figure:
    """Time runs to the right, layers upwards; the middle of many time steps is left out."""
    steps = shown_steps(explanation.network.steps)
    rows = _rows(explanation)
    sketch = Sketch(WIDTH, rows[-1].top + 15)
    _title(sketch, explanation, rows[-1].top + 15)
    _window(sketch, explanation, steps)
    for row in rows:
        _name(sketch, row)
        _boxes(sketch, row, steps)
        if isinstance(row.layer, Lstm):
            _states(sketch, row, steps)
    for below, above in pairwise(rows):
        _upwards(sketch, below, above, steps)
    _forecast(sketch, explanation, rows[-1], steps)
    return sketch.done()


def shown_steps(steps: int) -> list[int | None]:
    """Steps counted from 1; None is an ellipsis."""
    if steps <= MOST_STEPS:
        return list(range(1, steps + 1))
    return [*range(1, FIRST + 1), None, *range(steps - LAST + 1, steps + 1)]


def _rows(explanation: Explanation) -> list[_Row]:
    rows: list[_Row] = []
    bottom, all_steps = FEET, True
    for layer in explanation.network.layers:
        gives = layer.return_sequences if isinstance(layer, Lstm) else all_steps
        rows.append(_Row(layer, bottom, all_steps, gives))
        bottom, all_steps = rows[-1].top + GAP, gives
    return rows


def _places(steps: list[int | None]) -> list[float]:
    """The middle of every time step's boxes."""
    apart = min((WIDTH - MARGIN - 1) / len(steps), WIDEST)
    return [MARGIN + apart * (place + 0.5) for place in range(len(steps))]


def _title(sketch: Sketch, explanation: Explanation, height: float) -> None:
    steps = wording.count(explanation.network.steps, "time step")
    title = f"{explanation.network.name} over {steps}: the same weights at every one"
    sketch.label((1.5, height - 2.2), title, size=11, across="left", bold=True)
    note = (
        f"window {explanation.window}: x is scaled, the forecast ŷ is in {explanation.subject.unit}"
    )
    sketch.label((1.5, height - 5.2), note, across="left")


def _window(sketch: Sketch, explanation: Explanation, steps: list[int | None]) -> None:
    window = explanation.trace[0].x[0]  # (steps, features)
    features = window.shape[1]
    _lines(sketch, (1.5, 5), "window", f"xₜ: (n, {features})")
    for place, step in zip(_places(steps), steps, strict=True):
        if step is None:
            sketch.label((place, 5.5), "…", size=12)
            continue
        sketch.label((place, 5.8), _at("x", step), size=10)
        if features <= MOST_FEATURES:
            values = ", ".join(f"{value:.2f}" for value in window[step - 1])
            sketch.label((place, 3), values, size=8.5)
        sketch.arrow((place, 7.5), (place, FEET - 0.6))


def _name(sketch: Sketch, row: _Row) -> None:
    kind = "LSTM" if isinstance(row.layer, Lstm) else "Dense"
    name = row.layer.name
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    symbols = "c, h" if isinstance(row.layer, Lstm) else "y"
    size = f"{symbols}: (n, {row.layer.units})"
    middle = (row.bottom + row.top) / 2
    _lines(sketch, (1.5, middle), short, f"{kind}, {wording.count(row.layer.units, 'unit')}", size)


def _lines(sketch: Sketch, at: Point, *lines: str) -> None:
    """Lines below one another, in the middle at the point, the first of them bold."""
    top = at[1] + 1.3 * (len(lines) - 1)
    for number, line in enumerate(lines):
        sketch.label((at[0], top - 2.6 * number), line, across="left", bold=not number)


def _boxes(sketch: Sketch, row: _Row, steps: list[int | None]) -> None:
    height = row.top - row.bottom
    for place, step in _reached(row.takes_all, steps):
        middle = (place, row.bottom + height / 2)
        if step is None:
            sketch.label(middle, "…", size=14)
            continue
        fill = CELL_FILL if isinstance(row.layer, Lstm) else DENSE_FILL
        sketch.box(place - BOX / 2, row.bottom, BOX, height, fill)
        sketch.label(middle, "LSTM" if isinstance(row.layer, Lstm) else row.layer.activation)


def _states(sketch: Sketch, row: _Row, steps: list[int | None]) -> None:
    """c above and h below, from every cell to the next; zeros into the first."""
    places = _places(steps)
    edge = BOX / 2
    for symbol, height in (("c", row.bottom + 5.6), ("h", row.bottom + 1.5)):
        start = places[0] - edge
        sketch.label((start - 4.2, height), f"{_at(symbol, 0)} = 0", size=8, across="right")
        sketch.arrow((start - 3.6, height), (start - 0.5, height))
        for (left, step), right in zip(zip(places, steps, strict=True), places[1:], strict=False):
            sketch.arrow((left + edge, height), (right - edge - 0.5, height))
            if step is not None:
                sketch.label(((left + right) / 2, height + 1.3), _at(symbol, step), size=8)


def _upwards(sketch: Sketch, below: _Row, above: _Row, steps: list[int | None]) -> None:
    symbol = "h" if isinstance(below.layer, Lstm) else "y"
    for place, step in _reached(above.takes_all, steps):
        if step is None:
            continue
        sketch.arrow((place, below.top), (place, above.bottom - 0.6))
        label = _at(symbol, step) if above.takes_all or symbol == "h" else symbol
        sketch.label((place + 0.9, below.top + 2.2), label, across="left")


def _forecast(sketch: Sketch, explanation: Explanation, row: _Row, steps: list[int | None]) -> None:
    values = explanation.subject.scaling.invert(explanation.trace[-1].y[0])
    for place, step in _reached(row.gives_all, steps):
        if step is None:
            continue
        outputs = values[step - 1] if row.gives_all else values
        sketch.arrow((place, row.top), (place, row.top + 3.4))
        shown = ", ".join(wording.number(value) for value in outputs[:MOST_OUTPUTS])
        if len(outputs) > MOST_OUTPUTS:
            shown += f", … ({len(outputs)})"
        name = f"ŷ =\n{shown}" if row.gives_all else f"ŷ = {shown}"
        side = min(place, WIDTH - 1 - 0.45 * len(name))  # long ones stay inside
        sketch.label((side, row.top + 4), name, size=10, up="bottom", bold=not row.gives_all)


def _reached(all_steps: bool, steps: list[int | None]) -> list[tuple[float, int | None]]:
    places = list(zip(_places(steps), steps, strict=True))
    return places if all_steps else places[-1:]


def _at(symbol: str, step: int) -> str:
    return f"{symbol}{str(step).translate(SUBSCRIPTS)}"
