"""What each variable's dimensions are and mean, and the shapes of what flows through."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lstm_ops.anatomy.network import Dense, Layer, Lstm, Network, variables

GATE_NAMES = {
    "i": "input gate",
    "f": "forget gate",
    "g": "candidate",
    "o": "output gate",
}


@dataclass(frozen=True)
class Block:
    """The columns of one gate, from `start` up to but not including `stop`."""

    gate: str
    start: int
    stop: int


@dataclass(frozen=True)
class Variable:
    """One trainable array. `axes` says what each axis counts; `formula` how the count comes out."""

    layer: str
    name: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]
    blocks: tuple[Block, ...]
    count: int
    formula: str

    @property
    def path(self) -> str:
        """Layer and name, as `lstm/kernel`."""
        return f"{self.layer}/{self.name}"


@dataclass(frozen=True)
class Flow:
    """Something that flows through the network: its symbol, shape (n windows) and meaning."""

    layer: str
    symbol: str
    shape: tuple[str | int, ...]
    meaning: str


@dataclass(frozen=True)
class LayoutChoice:
    """What one way of laying out a window of look_back values makes of the first LSTM layer."""

    layout: str
    input_shape: tuple[int, int]
    parameters: int
    formula: str


def variable_table(network: Network) -> tuple[Variable, ...]:
    """Every trainable array of the network, in Keras's order."""
    return tuple(
        _variable(layer, name, array.shape)
        for layer in network.layers
        for name, array in variables(layer).items()
    )


def flow_table(network: Network) -> tuple[Flow, ...]:
    """The shapes of what flows, from the window to the forecast."""
    meaning = "samples, time steps, features" if len(network.input_shape) == 2 else "samples, lags"
    rows = [Flow("window", "x", ("n", *network.input_shape), meaning)]
    inner: tuple[int, ...] = network.input_shape[:-1]
    for layer in network.layers:
        if isinstance(layer, Lstm):
            rows += _flows_of_lstm(layer, network.steps)
            inner = inner if layer.return_sequences else ()
        else:
            rows.append(Flow(layer.name, "y", ("n", *inner, layer.units), "samples, units"))
    return tuple(rows)


def layout_choices(layer: Lstm, look_back: int) -> tuple[LayoutChoice, ...]:
    """The two layouts of the same window side by side, for this layer's units."""
    shapes = {"features": (1, look_back), "steps": (look_back, 1)}
    return tuple(
        LayoutChoice(layout, shape, *_lstm_count(layer, features=shape[1]))
        for layout, shape in shapes.items()
    )


def _lstm_count(layer: Lstm, features: int) -> tuple[int, str]:
    units, bias = layer.units, int(layer.bias is not None)
    count = 4 * units * (features + units + bias)
    return count, f"4 · {units} · ({features} + {units}{' + 1' if bias else ''}) = {count}"


def _variable(layer: Layer, name: str, shape: tuple[int, ...]) -> Variable:
    if isinstance(layer, Lstm):
        (axes, sizes), blocks = _axes_of_lstm(layer, name), _blocks(layer.units)
    else:
        (axes, sizes), blocks = _axes_of_dense(layer, name), ()
    count = math.prod(shape)
    return Variable(
        layer=layer.name,
        name=name,
        shape=shape,
        axes=axes,
        blocks=blocks,
        count=count,
        formula=f"{' · '.join(axes)} = {sizes} = {count}",
    )


def _axes_of_lstm(layer: Lstm, name: str) -> tuple[tuple[str, ...], str]:
    gates = "4 units"
    first = {"kernel": ("features", layer.features), "recurrent_kernel": ("units", layer.units)}
    if name == "bias":
        return (gates,), f"4 · {layer.units}"
    axis, size = first[name]
    return (axis, gates), f"{size} · 4 · {layer.units}"


def _axes_of_dense(layer: Dense, name: str) -> tuple[tuple[str, ...], str]:
    if name == "bias":
        return ("outputs",), str(layer.units)
    return ("inputs", "outputs"), f"{layer.features} · {layer.units}"


def _blocks(units: int) -> tuple[Block, ...]:
    return tuple(
        Block(gate, number * units, (number + 1) * units) for number, gate in enumerate(GATE_NAMES)
    )


def _flows_of_lstm(layer: Lstm, steps: int) -> list[Flow]:
    units, name = layer.units, layer.name
    handed_on: tuple[str | int, ...] = (
        ("n", steps, units) if layer.return_sequences else ("n", units)
    )
    which = "h of every step" if layer.return_sequences else "h of the last step"
    return [
        Flow(name, "xₜ", ("n", layer.features), "what comes in at one time step"),
        Flow(name, "zₜ", ("n", 4 * units), "the four blocks before squashing"),
        Flow(name, "iₜ, fₜ, gₜ, oₜ", ("n", units), "gates and candidate, each"),
        Flow(name, "cₜ", ("n", units), "cell state: what is remembered"),
        Flow(name, "hₜ", ("n", units), "hidden state: what is shown"),
        Flow(name, "y", handed_on, which),
    ]
