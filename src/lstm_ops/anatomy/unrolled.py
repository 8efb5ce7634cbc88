"""An LSTM written out over its time steps: a deep feedforward net whose weights are shared.

Two Dense layers an LSTM, one for what comes in and one for what was shown before, used again at
every step; all else is products, sums and squashings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstm_ops.anatomy.network import Dense, Lstm, Network

if TYPE_CHECKING:
    import keras


def build_unrolled(network: Network) -> keras.Model:
    """A Keras functional model without any recurrent layer, with the LSTM's own weights."""
    from lstm_ops.models.network import load_keras

    keras = load_keras()
    window = keras.Input(network.input_shape, name="window")
    flat = len(network.input_shape) == 1
    # One signal a time step, or, once an LSTM has handed on its last step alone, only one.
    signals = [window] if flat else [window[:, t] for t in range(network.steps)]
    sequence = not flat
    for layer in network.layers:
        if isinstance(layer, Lstm):
            signals = _lstm(layer, signals)
            sequence = layer.return_sequences
        else:
            signals = _dense(layer, signals)
    outputs = keras.ops.stack(signals, axis=1) if sequence else signals[0]
    return keras.Model(window, outputs, name=f"{network.name}_unrolled")


def _dense(layer: Dense, signals: list[Any]) -> list[Any]:
    dense = _built(layer.name, layer.features, layer.kernel, layer.bias, layer.activation)
    return [dense(signal) for signal in signals]


def _lstm(layer: Lstm, signals: list[Any]) -> list[Any]:
    into = _built(f"{layer.name}_input", layer.features, layer.kernel, layer.bias)
    again = _built(f"{layer.name}_recurrent", layer.units, layer.recurrent_kernel, None)
    shown: list[Any] = []
    c = None
    for x in signals:
        z = into(x) + again(shown[-1]) if shown else into(x)  # the state before is zero
        c, h = _cell(layer, z, c)
        shown.append(h)
    return shown if layer.return_sequences else shown[-1:]


def _cell(layer: Lstm, z: Any, c: Any) -> tuple[Any, Any]:
    from lstm_ops.models.network import load_keras

    keras = load_keras()
    gate = keras.activations.get(layer.recurrent_activation)
    squash = keras.activations.get(layer.activation)
    z_i, z_f, z_g, z_o = keras.ops.split(z, 4, axis=-1)
    new = gate(z_i) * squash(z_g)
    c = new if c is None else gate(z_f) * c + new
    return c, gate(z_o) * squash(c)


def _built(name: str, inputs: int, kernel: Any, bias: Any, activation: str = "linear") -> Any:
    from lstm_ops.models.network import load_keras

    dense = load_keras().layers.Dense(
        kernel.shape[1], activation=activation, use_bias=bias is not None, name=name
    )
    dense.build((None, inputs))
    dense.set_weights([kernel] if bias is None else [kernel, bias])
    return dense
