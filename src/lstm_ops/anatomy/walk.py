"""The forward pass of one window, written out to be followed with a pocket calculator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lstm_ops.anatomy.dimensions import GATE_NAMES
from lstm_ops.anatomy.explanation import Explanation
from lstm_ops.anatomy.forward import DenseTrace, LayerTrace, LstmTrace
from lstm_ops.anatomy.wording import number
from lstm_ops.data.series import FloatArray

MOST_ROWS = 1200  # of one layer's table
MOST_UNITS = 16
MOST_PRODUCTS = 6  # in a sum that is written out
MOST_INPUTS = 8  # in a step's list


@dataclass(frozen=True)
class Step:
    """One time step of a layer. A row for each unit: its number, then the columns' values."""

    number: int
    x: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Walk:
    """What one layer does with the window. `worked` spells out unit 1 at the first step;
    `left_out` says what the table does not show, if anything."""

    layer: str
    kind: str
    columns: tuple[str, ...]
    steps: tuple[Step, ...]
    worked: tuple[str, ...]
    left_out: str


def walks(explanation: Explanation) -> tuple[Walk, ...]:
    """Every layer, in order."""
    return tuple(_walk(trace) for trace in explanation.trace)


def in_units_of_y(explanation: Explanation) -> str:
    """The last layer's output, back in the units of the series."""
    scaling = explanation.subject.scaling
    scaled = explanation.trace[-1].y[0].reshape(-1)[0]
    back = float(scaling.invert(scaled))
    return f"{number(scaled)} · {number(scaling.scale)} + {number(scaling.offset)} = {number(back)}"


def _walk(trace: LayerTrace) -> Walk:
    return _lstm(trace) if isinstance(trace, LstmTrace) else _dense(trace)


def _lstm(trace: LstmTrace) -> Walk:
    columns = tuple(f"z_{gate}" for gate in GATE_NAMES) + tuple("ifgoch")
    count, units = trace.x.shape[1], trace.layer.units
    shown_units = min(units, MOST_UNITS)
    shown = _shown(count, MOST_ROWS // shown_units)
    steps = [
        Step(t + 1, _listed(trace.x[0, t]), _rows(_values(trace, t), shown_units)) for t in shown
    ]
    left_out = _left_out(units - shown_units, count - len(shown))
    return Walk(trace.layer.name, "lstm", columns, tuple(steps), _worked_lstm(trace), left_out)


def _values(trace: LstmTrace, t: int) -> FloatArray:
    """z and what follows from it at one step  # (units, 10)."""
    z = trace.z[0, t].reshape(4, trace.layer.units)
    return np.stack([*z, *(getattr(trace, symbol)[0, t] for symbol in "ifgoch")], axis=1)


def _dense(trace: DenseTrace) -> Walk:
    layer = trace.layer
    x, z, y = (
        values.reshape(-1, values.shape[-1])[-1:] if values.ndim > 2 else values
        for values in (trace.x, trace.z, trace.y)
    )
    shown = min(layer.units, MOST_UNITS)
    step = Step(1, _listed(x[0]), _rows(np.stack([z[0], y[0]], axis=1), shown))
    steps_before = trace.y.shape[1] - 1 if trace.y.ndim == 3 else 0
    left_out = _left_out(layer.units - shown, steps_before)
    bias = None if layer.bias is None else float(layer.bias[0])
    summed = _summed("z", x[0], layer.kernel[:, 0], bias, float(z[0, 0]))
    squashed = f"y = {layer.activation}(z) = {number(y[0, 0])}"
    return Walk(layer.name, "dense", ("z", "y"), (step,), (summed, squashed), left_out)


def _worked_lstm(trace: LstmTrace) -> tuple[str, ...]:
    """Unit 1 at the first time step, when the state that comes in is zero."""
    layer, z = trace.layer, trace.z[0, 0]
    lines = []
    for place, gate in enumerate(GATE_NAMES):
        column = place * layer.units
        bias = None if layer.bias is None else float(layer.bias[column])
        summed = _summed(f"z_{gate}", trace.x[0, 0], layer.kernel[:, column], bias, z[column])
        function = layer.activation if gate == "g" else layer.recurrent_activation
        value = number(getattr(trace, gate)[0, 0, 0])
        lines.append(f"{summed},  {gate} = {function}(z_{gate}) = {value}")
    i, f, g, o, c, h = (number(getattr(trace, symbol)[0, 0, 0]) for symbol in "ifgoch")
    lines.append(f"c = f · 0 + i · g = {f} · 0 + {i} · {_signed(g)} = {c}")
    lines.append(f"h = o · {layer.activation}(c) = {o} · {layer.activation}({c}) = {h}")
    return tuple(lines)


def _summed(name: str, x: FloatArray, weights: FloatArray, bias: float | None, total: float) -> str:
    """`z = x₁·w₁ + … + b = total`, short where there are many products."""
    products = [
        f"{_signed(number(value))} · {_signed(number(weight))}"
        for value, weight in zip(x, weights, strict=True)
    ]
    if len(products) > MOST_PRODUCTS:
        products = [products[0], f"… ({len(products) - 2} more)", products[-1]]
    if bias is not None:
        products.append(_signed(number(bias)))
    return f"{name} = {' + '.join(products)} = {number(total)}"


def _signed(value: str) -> str:
    return f"({value})" if value.startswith("-") else value


def _rows(values: FloatArray, units: int) -> tuple[tuple[str, ...], ...]:
    """values: (units, columns)."""
    return tuple(
        (str(unit + 1), *(number(value) for value in row))
        for unit, row in enumerate(values[:units].tolist())
    )


def _listed(values: Iterable[float]) -> str:
    shown = [number(value) for value in values]
    more = [f"… {len(shown) - MOST_INPUTS} more"] if len(shown) > MOST_INPUTS else []
    return ", ".join(shown[:MOST_INPUTS] + more)


def _shown(count: int, most: int) -> list[int]:
    """All steps, or as many of the first and the last."""
    most = max(most, 2)
    if count <= most:
        return list(range(count))
    return [*range(most // 2), *range(count - most // 2, count)]


def _left_out(units: int, steps: int) -> str:
    parts = [f"{units} more units"] if units else []
    parts += [f"{steps} more time steps"] if steps else []
    return " and ".join(parts)
