"""The feedforward net that an LSTM is, when it sees a single time step.

From a state of zeros, c = i·g and h = o·tanh(c): three Dense layers side by side, two products and
one squashing. The twin has the LSTM's live parameters and no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_ops.anatomy.network import Dense, Layer, Lstm, Network
from lstm_ops.data.series import FloatArray
from lstm_ops.errors import UnsupportedModel

if TYPE_CHECKING:
    import keras

TWIN_GATES = {"i": 0, "g": 2, "o": 3}  # which of the LSTM's four blocks


def build_twin(network: Network) -> keras.Model:
    """The feedforward twin with the LSTM's own weights.

    Raises `UnsupportedModel` for more than one time step.
    """
    from lstm_ops.models.network import load_keras

    if network.steps != 1:
        raise UnsupportedModel(
            f"{network.name!r} has {network.steps} time steps; a feedforward twin has one. "
            "Unroll it instead"
        )
    keras = load_keras()
    window = keras.Input(network.input_shape, name="window")
    signal = window
    for layer in network.layers:
        signal = _through(layer, signal)
    twin = keras.Model(window, signal, name=f"{network.name}_twin")
    for name, weights in twin_weights(network).items():
        twin.get_layer(name).set_weights(weights)
    return twin


def twin_weights(network: Network) -> dict[str, list[FloatArray]]:
    """The live weights of the network, as the twin's layers hold them, by layer."""
    weights: dict[str, list[FloatArray]] = {}
    for layer in network.layers:
        arrays = [layer.kernel] if layer.bias is None else [layer.kernel, layer.bias]
        if isinstance(layer, Lstm):
            for gate, block in TWIN_GATES.items():
                weights[f"{layer.name}_{gate}"] = [np.split(a, 4, -1)[block] for a in arrays]
        else:
            weights[layer.name] = arrays
    return weights


def _through(layer: Layer, signal: Any) -> Any:
    return _lstm_as_dense(layer, signal) if isinstance(layer, Lstm) else _dense(layer, signal)


def _lstm_as_dense(layer: Lstm, signal: Any) -> Any:
    from lstm_ops.models.network import load_keras

    keras = load_keras()
    if not layer.return_sequences:
        signal = signal[:, 0]  # the only time step
    functions = {"i": layer.recurrent_activation, "g": layer.activation}
    functions["o"] = layer.recurrent_activation
    gates = {
        gate: keras.layers.Dense(
            layer.units,
            activation=function,
            use_bias=layer.bias is not None,
            name=f"{layer.name}_{gate}",
        )(signal)
        for gate, function in functions.items()
    }
    cell = keras.layers.Multiply(name=f"{layer.name}_c")([gates["i"], gates["g"]])
    shown = keras.layers.Activation(layer.activation, name=f"{layer.name}_squashed")(cell)
    return keras.layers.Multiply(name=f"{layer.name}_h")([gates["o"], shown])


def _dense(layer: Dense, signal: Any) -> Any:
    from lstm_ops.models.network import load_keras

    return load_keras().layers.Dense(
        layer.units, activation=layer.activation, use_bias=layer.bias is not None, name=layer.name
    )(signal)
