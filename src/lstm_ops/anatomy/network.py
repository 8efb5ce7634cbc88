"""A Keras network of LSTM and Dense layers as plain arrays. Nothing here needs TensorFlow.

Shapes and the order of gates are those of `keras.layers.LSTM`: kernel (features, 4 units),
recurrent kernel (units, 4 units), bias (4 units), each in four blocks: input gate, forget gate,
candidate ("cell"), output gate. See https://keras.io/api/layers/recurrent_layers/lstm/.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_ops.data.series import FloatArray
from lstm_ops.errors import UnsupportedModel

if TYPE_CHECKING:
    import keras

GATES = ("i", "f", "g", "o")  # input, forget, candidate, output: the order of Keras's blocks
SUPPORTED = "LSTM and Dense layers, one after another"
ACTIVATIONS = ("tanh", "sigmoid", "relu", "linear")


@dataclass(frozen=True)
class Lstm:
    """kernel: (features, 4 units), recurrent_kernel: (units, 4 units), bias: (4 units,).

    `bias` is None where the layer has none. `activation` squashes the candidate and the cell
    state, `recurrent_activation` the three gates.
    """

    name: str
    kernel: FloatArray
    recurrent_kernel: FloatArray
    bias: FloatArray | None
    activation: str
    recurrent_activation: str
    return_sequences: bool

    @property
    def units(self) -> int:
        """The size of h and c."""
        return len(self.recurrent_kernel)

    @property
    def features(self) -> int:
        """Numbers that come in at each time step."""
        return len(self.kernel)


@dataclass(frozen=True)
class Dense:
    """kernel: (inputs, units), bias: (units,) or None."""

    name: str
    kernel: FloatArray
    bias: FloatArray | None
    activation: str

    @property
    def units(self) -> int:
        """Numbers that come out."""
        return int(self.kernel.shape[1])

    @property
    def features(self) -> int:
        """Numbers that come in."""
        return len(self.kernel)


Layer = Lstm | Dense


@dataclass(frozen=True)
class Network:
    """Layers in order. `input_shape` is one window: (time steps, features) or (features,)."""

    name: str
    input_shape: tuple[int, ...]
    layers: tuple[Layer, ...]

    @property
    def lstms(self) -> tuple[Lstm, ...]:
        """The recurrent layers."""
        return tuple(layer for layer in self.layers if isinstance(layer, Lstm))

    @property
    def steps(self) -> int:
        """Time steps of a window; 1 for a feedforward net."""
        return self.input_shape[0] if len(self.input_shape) == 2 else 1


def variables(layer: Layer) -> dict[str, FloatArray]:
    """A layer's trainable arrays by name, in Keras's order."""
    named = {"kernel": layer.kernel}
    if isinstance(layer, Lstm):
        named["recurrent_kernel"] = layer.recurrent_kernel
    return named if layer.bias is None else {**named, "bias": layer.bias}


def read(model: keras.Model, steps: int | None = None) -> Network:
    """The arrays of a Keras model. `steps` is needed where the model leaves their number open.

    Raises `UnsupportedModel`, naming the layer, for anything but LSTM and Dense in a row.
    """
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    shape = input_shape(model, steps)
    _require_a_chain(model)
    return Network(str(model.name), shape, tuple(map(_layer, layers)))


def input_shape(model: keras.Model, steps: int | None) -> tuple[int, ...]:
    """One window's shape; `steps` stands in where the model leaves their number open."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UnsupportedModel(
            f"{model.name!r} has {len(model.inputs)} inputs and {len(model.outputs)} outputs; "
            f"explained are models of one each, with {SUPPORTED}"
        )
    _, *shape = model.inputs[0].shape
    if len(shape) == 2 and shape[0] is None:
        shape[0] = steps
    if any(size is None for size in shape):
        raise UnsupportedModel(
            f"{model.name!r} leaves its input shape open: {tuple(shape)}; needed is the number of "
            "time steps"
        )
    return tuple(int(size) for size in shape)


def _require_a_chain(model: keras.Model) -> None:
    """A Sequential is one; a functional model tells its wiring in its configuration."""
    if type(model).__name__ == "Sequential":
        return
    before = None
    for layer in model.get_config()["layers"]:
        if _sources(layer) != ([] if before is None else [before]):
            raise UnsupportedModel(
                f"layer {layer['name']!r} does not follow the one before it alone; "
                f"explained are {SUPPORTED}"
            )
        before = layer["name"]


def _sources(layer: dict[str, Any]) -> list[str]:
    """The layers whose outputs a layer of a functional model takes, call by call."""
    tensors = [tensor for call in layer["inbound_nodes"] for tensor in call["args"]]
    return [
        tensor["config"]["keras_history"][0] if isinstance(tensor, dict) else "several at once"
        for tensor in tensors
    ]


def _layer(layer: Any) -> Layer:
    kinds: dict[str, Callable[[Any], Layer]] = {"LSTM": _lstm, "Dense": _dense}
    kind = type(layer).__name__
    if kind not in kinds or not type(layer).__module__.startswith("keras."):
        raise UnsupportedModel(
            f"layer {layer.name!r} is of kind {kind}, which is not known here; explained are "
            f"{SUPPORTED}"
        )
    return kinds[kind](layer)


def _lstm(layer: Any) -> Lstm:
    config = layer.get_config()
    for setting in ("go_backwards", "stateful", "return_state"):
        if config.get(setting):
            raise UnsupportedModel(f"layer {layer.name!r} has {setting}=True, which is not known")
    kernel, recurrent_kernel, *bias = _arrays(layer)
    return Lstm(
        name=str(layer.name),
        kernel=kernel,
        recurrent_kernel=recurrent_kernel,
        bias=bias[0] if bias else None,
        activation=_activation(layer, "activation"),
        recurrent_activation=_activation(layer, "recurrent_activation"),
        return_sequences=bool(config["return_sequences"]),
    )


def _dense(layer: Any) -> Dense:
    kernel, *bias = _arrays(layer)
    return Dense(str(layer.name), kernel, bias[0] if bias else None, _activation(layer))


def _arrays(layer: Any) -> list[FloatArray]:
    return [np.asarray(weights, dtype=np.float64) for weights in layer.get_weights()]


def _activation(layer: Any, which: str = "activation") -> str:
    name = layer.get_config()[which]
    if name not in ACTIVATIONS:
        raise UnsupportedModel(
            f"layer {layer.name!r} has {which} {name!r}; known are {', '.join(ACTIVATIONS)}"
        )
    return str(name)
