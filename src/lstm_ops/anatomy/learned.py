"""What a fitted network has learned: its curve, its memory, and what its gates do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_ops.anatomy.forward import LstmTrace, forward, output
from lstm_ops.anatomy.network import Network
from lstm_ops.data.series import FloatArray

if TYPE_CHECKING:
    import keras

CURVE_POINTS = 201
BEYOND = 1.0  # times the training range, drawn on either side of it


@dataclass(frozen=True)
class Curve:
    """A network of one input as a function, in units of y.

    x, y: (points,). `line` is the least-squares line through the training windows: slope and
    intercept. `low` and `high` bound what training has shown.
    """

    x: FloatArray
    y: FloatArray
    line: tuple[float, float]
    low: float
    high: float


@dataclass(frozen=True)
class Lag:
    """Mean and largest |∂y/∂x| over windows, y the first step ahead; lag 1 is the last value."""

    lag: int
    mean: float
    largest: float


@dataclass(frozen=True)
class Memory:
    """How far back the forecast looks, and how long each unit of an LSTM layer holds on.

    `half_lives`: by layer, time steps after which half of what a unit's cell remembers is left,
    from the geometric mean of its forget gate over windows and steps; empty for one time step.
    """

    lags: tuple[Lag, ...]
    half_lives: dict[str, tuple[float, ...]]


def curve(
    network: Network, windows: FloatArray, targets: FloatArray, offset: float, scale: float
) -> Curve:
    """For a network of one input and one output.

    windows: (n, 1, 1) or (n, 1), targets: (n,), both scaled; units of y = scaled · scale + offset.
    """
    seen = windows.reshape(-1)
    low, high = float(seen.min()), float(seen.max())
    margin = BEYOND * (high - low or 1.0)
    x = np.linspace(low - margin, high + margin, CURVE_POINTS)  # (points,), scaled
    y = output(network, x.reshape(-1, *network.input_shape))[..., 0].reshape(-1)
    slope, intercept = np.polyfit(seen * scale + offset, targets * scale + offset, 1)
    return Curve(
        x=x * scale + offset,
        y=y * scale + offset,
        line=(float(slope), float(intercept)),
        low=low * scale + offset,
        high=high * scale + offset,
    )


def memory(model: keras.Model, network: Network, windows: FloatArray) -> Memory:
    """windows: (n, *network.input_shape), scaled, in the order of time within each."""
    slopes = _slopes(model, windows)  # (n, look_back)
    look_back = slopes.shape[1]
    lags = (
        Lag(look_back - place, float(column.mean()), float(column.max()))
        for place, column in enumerate(np.abs(slopes).T)
    )
    return Memory(tuple(sorted(lags, key=lambda lag: lag.lag)), _half_lives(network, windows))


def gates(network: Network, windows: FloatArray) -> dict[str, dict[str, FloatArray]]:
    """By layer and gate, (n, units): the last time step's values over consecutive windows."""
    return {
        trace.layer.name: {gate: getattr(trace, gate)[:, -1] for gate in ("i", "f", "g", "o")}
        for trace in _lstm_traces(network, windows)
    }


def _slopes(model: keras.Model, windows: FloatArray) -> FloatArray:
    """∂y/∂x of the first step ahead, by Keras  # (n, look_back)."""
    import tensorflow as tf

    x = tf.constant(windows, model.compute_dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x, training=False)
        first = tf.reshape(y, (len(windows), -1))[:, 0]
    slopes = np.asarray(tape.gradient(first, x), dtype=np.float64)
    return slopes.reshape(len(windows), -1)


def _half_lives(network: Network, windows: FloatArray) -> dict[str, tuple[float, ...]]:
    if network.steps == 1:
        return {}
    lives = {}
    for trace in _lstm_traces(network, windows):
        # The first step's forget gate multiplies a state of zeros.
        kept = np.log(np.maximum(trace.f[:, 1:], np.finfo(float).tiny)).mean(axis=(0, 1))
        lives[trace.layer.name] = tuple(
            float(np.log(0.5) / k) if k < 0 else float("inf") for k in kept
        )
    return lives


def _lstm_traces(network: Network, windows: FloatArray) -> list[LstmTrace]:
    return [trace for trace in forward(network, windows) if isinstance(trace, LstmTrace)]
