"""The cell's equations as MathML, which browsers set by themselves, beside their shapes."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from lstm_ops.anatomy import wording
from lstm_ops.anatomy.explanation import Explanation
from lstm_ops.anatomy.network import Dense, Lstm

OPERATORS = frozenset("=+−⊙()[],")


@dataclass(frozen=True)
class Equation:
    """A line of the cell, the shapes in it with this network's numbers, and what it says."""

    math: Markup
    shapes: str
    meaning: str


def mathml(source: str) -> Markup:
    """`h_t = o_t ⊙ tanh ( c_t )` as MathML: symbols between spaces, `_` before what stands low."""
    return Markup("<math>{}</math>").format(Markup("").join(map(_symbol, source.split())))


def cell(layer: Lstm) -> tuple[Equation, ...]:
    """One time step of an LSTM layer."""
    gate, squash = layer.recurrent_activation, layer.activation
    units = f"(n, {layer.units})"
    bias = "" if layer.bias is None else " + b"
    gates = [mathml(f"{symbol}_t = {gate} ( z_{symbol} )") for symbol in "ifo"]
    return (
        Equation(
            mathml(f"z_t = x_t W + h_t−1 U{bias}"),
            _sums(layer),
            "what comes in and what was shown before, weighed for all four blocks at once",
        ),
        Equation(
            mathml("[ z_i , z_f , z_g , z_o ] = z_t"),
            f"(n, {4 * layer.units}) into four of {units}",
            "the columns of the input gate, forget gate, candidate and output gate, in this order",
        ),
        Equation(Markup(", ").join(gates), f"{units} each", "the three gates"),
        Equation(mathml(f"g_t = {squash} ( z_g )"), units, "the candidate: what could be added"),
        Equation(
            mathml("c_t = f_t ⊙ c_t−1 + i_t ⊙ g_t"),
            f"{units}, element by element",
            "the cell state: keep a part of the old, add a part of the new",
        ),
        Equation(
            mathml(f"h_t = o_t ⊙ {squash} ( c_t )"),
            f"{units}, element by element",
            "the hidden state: the part of the cell that is shown",
        ),
    )


def dense(explanation: Explanation) -> tuple[Equation, ...]:
    """The Dense layers, each with its own input."""
    found = []
    name = "x"
    for layer in explanation.network.layers:
        if isinstance(layer, Lstm):
            name = "h_t" if layer.return_sequences else "h_T"
            continue
        found.append(_dense(layer, name))
        name = "y"
    return tuple(found)


def twin(layer: Lstm) -> Markup:
    """All that is left of the cell with one time step."""
    gate, squash = layer.recurrent_activation, layer.activation
    bias = {symbol: "" if layer.bias is None else f" + b_{symbol}" for symbol in "igo"}
    z = {symbol: f"( x W_{symbol}{bias[symbol]} )" for symbol in "igo"}
    return mathml(f"h = {gate} {z['o']} ⊙ {squash} ( {gate} {z['i']} ⊙ {squash} {z['g']} )")


def _dense(layer: Dense, name: str) -> Equation:
    bias = "" if layer.bias is None else " + d"
    inner = f"{name} V{bias}"
    right = inner if layer.activation == "linear" else f"{layer.activation} ( {inner} )"
    shapes = f"(n, {layer.features}) {wording.shape(layer.kernel.shape)}"
    shapes += "" if layer.bias is None else f" + {wording.shape(layer.bias.shape)}"
    return Equation(
        mathml(f"y = {right}"), f"(n, {layer.units}) = {shapes}", f"the Dense layer {layer.name}"
    )


def _sums(layer: Lstm) -> str:
    kernel, again = wording.shape(layer.kernel.shape), wording.shape(layer.recurrent_kernel.shape)
    bias = "" if layer.bias is None else f" + {wording.shape(layer.bias.shape)}"
    shown = f"(n, {layer.units}) {again}"
    return f"(n, {4 * layer.units}) = (n, {layer.features}) {kernel} + {shown}{bias}"


def _symbol(source: str) -> Markup:
    name, _, low = source.partition("_")
    if name in OPERATORS:
        return Markup("<mo>{}</mo>").format(name)
    symbol = Markup("<mi>{}</mi>").format(name)
    return Markup("<msub>{}{}</msub>").format(symbol, _low(low)) if low else symbol


def _low(source: str) -> Markup:
    name, minus, one = source.partition("−")
    if not minus:
        return Markup("<mi>{}</mi>").format(name)
    return Markup("<mrow><mi>{}</mi><mo>−</mo><mn>{}</mn></mrow>").format(name, one)
