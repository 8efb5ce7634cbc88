"""An LSTM written out over its time steps: a deep feedforward net whose weights are shared.

Two Dense layers an LSTM, one for what comes in and one for what was shown before, used again at
every step; all else is products, sums and squashings.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lstm_ops.anatomy.network import Dense, Lstm, Network

if TYPE_CHECKING:
    import keras

SHORTEST_STRETCH = 8


def build_unrolled(network: Network) -> keras.Model:
    """A Keras functional model without any recurrent layer, with the LSTM's own weights."""
    from lstm_ops.models.network import load_keras

    keras = load_keras()
    window = keras.Input(network.input_shape, name="window")
    signal = window
    for layer in network.layers:
        signal = _lstm(layer, signal) if isinstance(layer, Lstm) else _dense(layer)(signal)
    return keras.Model(window, signal, name=f"{network.name}_unrolled")


def _lstm(layer: Lstm, signal: Any) -> Any:
    """signal: (n, steps, features).

    Written out in stretches, each a model of its own that is used again: Keras walks through a
    graph by recursion, which ends at about 180 steps in one.
    """
    from lstm_ops.models.network import load_keras

    keras = load_keras()
    into = _dense(Dense(f"{layer.name}_input", layer.kernel, layer.bias, "linear"))
    again = _dense(Dense(f"{layer.name}_recurrent", layer.recurrent_kernel, None, "linear"))
    steps = signal.shape[1]
    length = max(SHORTEST_STRETCH, math.isqrt(steps))
    h = c = keras.ops.zeros_like(into(signal[:, 0]))[:, : layer.units]
    stretches: dict[int, Any] = {}
    shown = []
    for start in range(0, steps, length):
        part = signal[:, start : start + length]
        if part.shape[1] not in stretches:
            stretches[part.shape[1]] = _stretch(layer, into, again, part.shape[1])
        y, h, c = stretches[part.shape[1]]([part, h, c])
        shown.append(y)
    return keras.ops.concatenate(shown, axis=1) if layer.return_sequences else h


def _stretch(layer: Lstm, into: Any, again: Any, steps: int) -> keras.Model:
    """x (n, steps, features), h and c before → h of every step, h and c after."""
    from lstm_ops.models.network import load_keras

    keras = load_keras()
    x = keras.Input((steps, layer.features))
    before = h, c = keras.Input((layer.units,)), keras.Input((layer.units,))
    shown = []
    for t in range(steps):
        c, h = _cell(layer, into(x[:, t]) + again(h), c)
        shown.append(h)
    name = f"{layer.name}_{steps}_steps"
    return keras.Model([x, *before], [keras.ops.stack(shown, axis=1), h, c], name=name)


def _cell(layer: Lstm, z: Any, c: Any) -> tuple[Any, Any]:
    from lstm_ops.models.network import load_keras

    keras = load_keras()
    gate = keras.activations.get(layer.recurrent_activation)
    squash = keras.activations.get(layer.activation)
    z_i, z_f, z_g, z_o = keras.ops.split(z, 4, axis=-1)
    c = gate(z_f) * c + gate(z_i) * squash(z_g)
    return c, gate(z_o) * squash(c)


def _dense(layer: Dense) -> Any:
    from lstm_ops.models.network import load_keras

    dense = load_keras().layers.Dense(
        layer.units, activation=layer.activation, use_bias=layer.bias is not None, name=layer.name
    )
    dense.build((None, layer.features))
    dense.set_weights([layer.kernel] if layer.bias is None else [layer.kernel, layer.bias])
    return dense
