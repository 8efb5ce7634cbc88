"""The other direction: what must be true of the gates for an LSTM cell to be something simpler.

Each case sets the weights of a real cell, runs it by the equations, and measures how far it is from
the simpler thing written out on its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_ops.anatomy.forward import forward
from lstm_ops.anatomy.network import Dense, Lstm, Network
from lstm_ops.data.series import FloatArray

OPEN, SHUT = 40.0, -40.0  # biases at which a sigmoid is 1, and 0, to double precision
STEPS = 50


@dataclass(frozen=True)
class Reduction:
    """`condition` is what must hold of the cell, `becomes` what it then computes; `difference` the
    largest absolute one between the two, `reference` how large the values are."""

    name: str
    condition: str
    becomes: str
    difference: float
    reference: float


def reductions(line: tuple[float, float], low: float, high: float) -> tuple[Reduction, ...]:
    """All cases. `line`: slope and intercept of a line to be matched for x from `low` to `high`."""
    x = np.random.default_rng(1).uniform(-1, 1, STEPS)
    return (
        tanh_rnn(x),
        leaky_integrator(x),
        *(linear(line, low, high, e) for e in (1.0, 0.1, 0.01)),
    )


def tanh_rnn(x: FloatArray) -> Reduction:
    """Gates i and o open, f shut: nothing is remembered but what is shown. x: (steps,)."""
    w, u, b = 1.2, -0.7, 0.3
    cell = _cell(kernel=(0, 0, w, 0), recurrent=(0, 0, u, 0), bias=(OPEN, SHUT, b, OPEN))
    h, expected = 0.0, []
    for value in x:
        h = np.tanh(np.tanh(w * value + u * h + b))
        expected.append(h)
    return _measured(
        "plain recurrent net",
        "i = o = 1, f = 0",
        "hₜ = tanh(tanh(W xₜ + U hₜ₋₁ + b)): an Elman net that squashes twice",
        _states(cell, x),
        np.array(expected),
    )


def leaky_integrator(x: FloatArray, keep: float = 0.9) -> Reduction:
    """Constant gates, nothing shown fed back: a running mean that forgets. x: (steps,)."""
    w, b = 0.8, 0.1
    bias = (_logit(1 - keep), _logit(keep), b, OPEN)
    cell = _cell(kernel=(0, 0, w, 0), recurrent=(0, 0, 0, 0), bias=bias)
    c, expected = 0.0, []
    for value in x:
        c = keep * c + (1 - keep) * np.tanh(w * value + b)
        expected.append(np.tanh(c))
    return _measured(
        "leaky integrator",
        f"U = 0, and W = 0 in all gates, so that f = a = {keep} and i = 1 − a stay; o = 1",
        "cₜ = a cₜ₋₁ + (1 − a) tanh(w xₜ + b), hₜ = tanh(cₜ)",
        _states(cell, x),
        np.array(expected),
    )


def linear(line: tuple[float, float], low: float, high: float, small: float) -> Reduction:
    """i and o open, the candidate kept so `small` that both tanh are straight, then magnified."""
    slope, intercept = line
    reach = max(abs(low), abs(high)) * abs(slope) + abs(intercept) or 1.0
    gain = small / reach
    bias = (OPEN, SHUT, gain * intercept, OPEN)
    cell = _cell(kernel=(0, 0, gain * slope, 0), recurrent=(0, 0, 0, 0), bias=bias)
    magnify = Dense("forecast", np.array([[1 / gain]]), None, "linear")
    network = Network("linear", (1, 1), (cell, magnify))
    x = np.linspace(low, high, 101)
    values = forward(network, x.reshape(-1, 1, 1))[-1].y.reshape(-1)
    return _measured(
        "line h(x) = θ₀x + θ₁",
        f"one step, i = o = 1, |z_g| ≤ {small:g} so that tanh is nearly straight",
        f"θ₀x + θ₁ with θ₀ = {slope:.4g}, θ₁ = {intercept:.4g}, up to terms of the third order",
        values,
        slope * x + intercept,
    )


def _cell(kernel: tuple[float, ...], recurrent: tuple[float, ...], bias: tuple[float, ...]) -> Lstm:
    """One unit, one feature; a number for each of i, f, g, o."""
    return Lstm(
        name="cell",
        kernel=np.array([kernel], dtype=float),
        recurrent_kernel=np.array([recurrent], dtype=float),
        bias=np.array(bias, dtype=float),
        activation="tanh",
        recurrent_activation="sigmoid",
        return_sequences=True,
    )


def _states(cell: Lstm, x: FloatArray) -> FloatArray:
    return forward(Network("cell", (len(x), 1), (cell,)), x.reshape(1, -1, 1))[0].y[0, :, 0]


def _logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def _measured(
    name: str, condition: str, becomes: str, values: FloatArray, expected: FloatArray
) -> Reduction:
    difference = float(np.max(np.abs(values - expected)))
    return Reduction(name, condition, becomes, difference, float(np.max(np.abs(expected))))
