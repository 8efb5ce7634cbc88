"""The LSTM cell as a diagram of what flows; beside it, the network over its time steps."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from lstm_ops.anatomy import wording
from lstm_ops.anatomy.dimensions import GATE_NAMES
from lstm_ops.anatomy.explanation import Explanation
from lstm_ops.anatomy.forward import LstmTrace
from lstm_ops.anatomy.network import Lstm
from lstm_ops.anatomy.sketch import Sketch
from lstm_ops.anatomy.timeline import unrolled

__all__ = ["cell", "unrolled"]

FILLS = {"f": "#f7e3b5", "i": "#cfe4f3", "g": "#cfeadf", "o": "#f0d9e6"}
CENTRES = {"f": 20.0, "i": 38.0, "g": 56.0, "o": 74.0}  # from left to right, as the cell is wired
GATE_WIDTH = 16.6
PLAIN = "#f2f2f2"
WIDTH, HEIGHT = 100.0, 64.0
STATE, ADDED, SHOWN = 53.0, 44.0, 40.5  # heights of the line of c, of i ⊙ g, and of h
OUT = 89.0  # where c turns down to become h
MOST_VALUES = 4


@dataclass(frozen=True)
class _Cell:
    """What the drawing says of the first LSTM layer."""

    layer: Lstm
    trace: LstmTrace
    one_step: bool

    @property
    def with_values(self) -> bool:
        return self.one_step and self.layer.units <= MOST_VALUES

    @property
    def state(self) -> str:
        return f"(n, {self.layer.units})"

    def values(self, symbol: str) -> str:
        """The traced window's, or nothing where they would not fit."""
        if not self.with_values:
            return ""
        return "  ".join(f"{value:.2f}" for value in getattr(self.trace, symbol)[0, 0])


def cell(explanation: Explanation) -> Figure:
    """The first LSTM layer's cell at one time step, with this network's shapes. What multiplies
    a state of zeros alone is dashed."""
    trace = next(trace for trace in explanation.trace if isinstance(trace, LstmTrace))
    drawn = _Cell(trace.layer, trace, explanation.network.steps == 1)
    sketch = Sketch(WIDTH, HEIGHT)
    _title(sketch, drawn, explanation.window)
    _incoming(sketch, drawn)
    for gate in CENTRES:
        _gate(sketch, drawn, gate)
    _cell_state(sketch, drawn)
    _shown(sketch, drawn)
    return sketch.done()


def _title(sketch: Sketch, drawn: _Cell, window: int) -> None:
    layer = drawn.layer
    units, features = wording.count(layer.units, "unit"), wording.count(layer.features, "feature")
    title = f"One time step of layer {layer.name}: {units}, {features}"
    sketch.label((1.5, 62), title, size=11, across="left", bold=True)
    notes = "n windows at a time"
    if drawn.with_values:
        notes += f"; the numbers are those of window {window}, scaled"
    if drawn.one_step:
        notes += "; dashed: does nothing, since c₀ = h₀ = 0"
    sketch.label((1.5, 59), notes, across="left")


def _incoming(sketch: Sketch, drawn: _Cell) -> None:
    layer, faded = drawn.layer, drawn.one_step
    left, right = CENTRES["f"] - GATE_WIDTH / 2, CENTRES["o"] + GATE_WIDTH / 2
    sketch.box(left, 9, right - left, 8.5, PLAIN)
    bias = "" if layer.bias is None else " + b"
    again = "" if faded else " + hₜ₋₁ U"
    sketch.label((47, 14.9), f"zₜ = xₜ W{again}{bias}", size=11, bold=True)
    sizes = [f"W {wording.shape(layer.kernel.shape)}"]
    recurrent = f"U {wording.shape(layer.recurrent_kernel.shape)}"
    sizes += [] if faded else [recurrent]
    sizes += [] if layer.bias is None else [f"b {wording.shape(layer.bias.shape)}"]
    sketch.label((47, 11.2), f"zₜ (n, {4 * layer.units}):  " + ",  ".join(sizes))
    if faded:
        sketch.label((left + 1, 13.2), f"hₜ₋₁ U = 0,  {recurrent}", across="left", faded=True)
    sketch.arrow((47, 3.5), (47, 8.4))
    value = f" = {drawn.values('x')}" if layer.features <= MOST_VALUES else ""
    sketch.label((47, 2), f"xₜ (n, {layer.features}){value if drawn.with_values else ''}")
    sketch.arrow((2, 13.2), (left - 0.7, 13.2), faded=faded)
    _two_lines(sketch, (1.5, 13.2), "hₜ₋₁" + (" = 0" if faded else ""), drawn.state, faded)


def _two_lines(
    sketch: Sketch, at: tuple[float, float], above: str, below: str, faded: bool
) -> None:
    sketch.label((at[0], at[1] + 0.6), above, size=10, across="left", up="bottom", faded=faded)
    sketch.label((at[0], at[1] - 0.8), below, across="left", up="top", faded=faded)


def _gate(sketch: Sketch, drawn: _Cell, gate: str) -> None:
    centre, faded = CENTRES[gate], gate == "f" and drawn.one_step
    layer = drawn.layer
    function = layer.activation if gate == "g" else layer.recurrent_activation
    sketch.arrow((centre, 17.5), (centre, 24.4), faded=faded)
    sketch.label((centre + 0.8, 20.7), f"z_{gate} {drawn.state}", across="left", faded=faded)
    sketch.box(centre - GATE_WIDTH / 2, 25, GATE_WIDTH, 10, FILLS[gate], faded)
    lines = [f"{gate}ₜ  {GATE_NAMES[gate]}", f"{function} {drawn.state}"]
    lines += [drawn.values(gate)] if drawn.with_values else []
    for line, (height, text) in enumerate(zip((32.9, 30, 27.1), lines, strict=False)):
        place = (centre, height if drawn.with_values else height - 1.4)
        sketch.label(place, text, size=8.5 if line else 9.5, bold=not line, faded=faded)


def _cell_state(sketch: Sketch, drawn: _Cell) -> None:
    faded, kept = drawn.one_step, CENTRES["f"]
    added = (CENTRES["i"] + CENTRES["g"]) / 2
    sketch.arrow((2, STATE), (kept - 1.8, STATE), faded=faded)
    _two_lines(sketch, (1.5, STATE), "cₜ₋₁" + (" = 0" if faded else ""), drawn.state, faded)
    sketch.arrow((kept, 35), (kept, STATE - 1.8), faded=faded)
    sketch.arrow((kept, STATE), (added - 1.8, STATE), faded=faded)
    sketch.label(
        ((kept + added) / 2, STATE + 1.6), "fₜ ⊙ cₜ₋₁" + (" = 0" if faded else ""), faded=faded
    )
    for gate, side in (("i", -1.8), ("g", 1.8)):
        sketch.arrow((CENTRES[gate], 35), (CENTRES[gate], ADDED), (added + side, ADDED))
    sketch.label((CENTRES["i"] + 1, ADDED + 1.6), "iₜ ⊙ gₜ", across="left")
    sketch.arrow((added, ADDED), (added, STATE - 1.8))
    sketch.arrow((added, STATE), (98.3, STATE))
    sketch.label((98, STATE + 1.6), f"cₜ {drawn.state}", size=10, across="right")
    if drawn.with_values:
        sketch.label((added + 3, STATE + 1.6), f"cₜ = {drawn.values('c')}", size=8.5, across="left")
    sketch.node((kept, STATE), "×", faded)
    sketch.node((added, ADDED), "×")
    sketch.node((added, STATE), "+")


def _shown(sketch: Sketch, drawn: _Cell) -> None:
    sketch.arrow((OUT, STATE), (OUT, SHOWN + 1.8))
    sketch.box(OUT - 4.5, 45, 9, 4.5, PLAIN)
    sketch.label((OUT, 47.2), drawn.layer.activation)
    sketch.arrow((CENTRES["o"], 35), (CENTRES["o"], SHOWN), (OUT - 1.8, SHOWN))
    sketch.arrow((OUT, SHOWN), (98.3, SHOWN))
    sketch.node((OUT, SHOWN), "×")
    sketch.label((98.5, SHOWN - 2.6), f"hₜ {drawn.state}", size=10, across="right")
    if drawn.with_values:
        sketch.label((98.5, SHOWN - 5), "hₜ =", size=8.5, across="right")
        for line, value in enumerate(drawn.trace.h[0, 0]):
            sketch.label((98.5, SHOWN - 7.4 - 2.3 * line), f"{value:.2f}", size=8.5, across="right")
