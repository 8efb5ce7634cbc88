"""The forward pass by hand, every intermediate value kept.

The cell is that of Hochreiter and Schmidhuber (1997, https://doi.org/10.1162/neco.1997.9.8.1735)
with the forget gate of Gers et al. (2000, https://doi.org/10.1162/089976600300015015), as Keras
computes it, from a state of zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstm_ops.anatomy.network import Dense, Layer, Lstm, Network
from lstm_ops.data.series import FloatArray


@dataclass(frozen=True)
class LstmTrace:
    """What happened in an LSTM layer. x: (n, steps, features), z: (n, steps, 4 units), all else:
    (n, steps, units). `y` is what the layer hands on: all of h, or its last step (n, units)."""

    layer: Lstm
    x: FloatArray
    z: FloatArray
    i: FloatArray
    f: FloatArray
    g: FloatArray
    o: FloatArray
    c: FloatArray
    h: FloatArray
    y: FloatArray


@dataclass(frozen=True)
class DenseTrace:
    """What happened in a Dense layer. x: (n, …, features), z and y: (n, …, units)."""

    layer: Dense
    x: FloatArray
    z: FloatArray
    y: FloatArray


LayerTrace = LstmTrace | DenseTrace


def forward(network: Network, inputs: FloatArray) -> tuple[LayerTrace, ...]:
    """Every layer's values on inputs (n, *network.input_shape); the last one's `y` is the output.

    In double precision, so that it differs from Keras by Keras's rounding alone.
    """
    traces: list[LayerTrace] = []
    y = np.asarray(inputs, dtype=np.float64)
    for layer in network.layers:
        traces.append(_through(layer, y))
        y = traces[-1].y
    return tuple(traces)


def output(network: Network, inputs: FloatArray) -> FloatArray:
    """What the network answers."""
    return forward(network, inputs)[-1].y


def sigmoid(z: FloatArray) -> FloatArray:
    """1 / (1 + e⁻ᶻ), without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def _relu(z: FloatArray) -> FloatArray:
    return np.maximum(z, 0.0)


def _linear(z: FloatArray) -> FloatArray:
    return z


FUNCTIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "relu": _relu,
    "linear": _linear,
}


def _through(layer: Layer, x: FloatArray) -> LayerTrace:
    return _lstm(layer, x) if isinstance(layer, Lstm) else _dense(layer, x)


def _dense(layer: Dense, x: FloatArray) -> DenseTrace:
    z = x @ layer.kernel + _bias(layer)  # (n, …, units)
    return DenseTrace(layer, x, z, FUNCTIONS[layer.activation](z))


def _lstm(layer: Lstm, x: FloatArray) -> LstmTrace:
    n, steps, _ = x.shape
    h = c = np.zeros((n, layer.units))
    kept = []
    for t in range(steps):
        z, i, f, g, o, c, h = step(layer, x[:, t], h, c)
        kept.append((z, i, f, g, o, c, h))
    z, i, f, g, o, c, h = (np.stack(values, axis=1) for values in zip(*kept, strict=True))
    return LstmTrace(layer, x, z, i, f, g, o, c, h, y=h if layer.return_sequences else h[:, -1])


def step(layer: Lstm, x: FloatArray, h: FloatArray, c: FloatArray) -> tuple[FloatArray, ...]:
    """One time step: z, i, f, g, o and the new c and h. x: (n, features), h and c: (n, units)."""
    squash, gate = FUNCTIONS[layer.activation], FUNCTIONS[layer.recurrent_activation]
    z = x @ layer.kernel + h @ layer.recurrent_kernel + _bias(layer)  # (n, 4 units)
    z_i, z_f, z_g, z_o = np.split(z, 4, axis=-1)  # (n, units) each
    i, f, g, o = gate(z_i), gate(z_f), squash(z_g), gate(z_o)
    c = f * c + i * g
    h = o * squash(c)
    return z, i, f, g, o, c, h


def _bias(layer: Layer) -> FloatArray | float:
    return 0.0 if layer.bias is None else layer.bias
