"""Which parameters can ever move: by the structure of the network, and by its gradients.

With one time step the state that comes in is zero. The recurrent kernel multiplies that zero, and
so does the forget gate: their gradients are exactly zero, whatever the data. With more steps
everything counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lstm_ops.anatomy.network import Lstm, Network, variables
from lstm_ops.data.series import FloatArray

if TYPE_CHECKING:
    import keras

Mask = NDArray[np.bool_]
Masks = dict[str, Mask]  # by path, as `lstm/kernel`; each of its variable's shape


def live_by_structure(network: Network) -> Masks:
    """True where a parameter has a way to the output that no zero state cuts."""
    return {
        f"{layer.name}/{name}": _live(layer, name, array.shape, network.steps)
        if isinstance(layer, Lstm)
        else np.ones(array.shape, dtype=bool)
        for layer in network.layers
        for name, array in variables(layer).items()
    }


def live_by_gradient(model: keras.Model, network: Network, inputs: FloatArray) -> Masks:
    """True where the gradient of a random mix of the outputs is not exactly zero on these windows.

    inputs: (n, *network.input_shape), scaled. Keras's own gradients, with nothing known of the
    structure. May be False for a live parameter that slept on these windows, as behind a relu.
    """
    import tensorflow as tf

    windows = tf.constant(inputs, model.compute_dtype)
    with tf.GradientTape() as tape:
        outputs = model(windows, training=False)
        mix = np.random.default_rng(0).uniform(0.5, 1.5, outputs.shape)
        total = tf.reduce_sum(outputs * tf.constant(mix, outputs.dtype))
    gradients = tape.gradient(total, model.trainable_variables)
    paths = [f"{layer.name}/{name}" for layer in network.layers for name in variables(layer)]
    return {path: np.asarray(g) != 0 for path, g in zip(paths, gradients, strict=True)}


def count(masks: Masks) -> int:
    """How many parameters are live."""
    return int(sum(mask.sum() for mask in masks.values()))


def live_part(layer: Lstm, array: FloatArray) -> FloatArray:
    """The columns of the gates that count with a single time step: all but the forget gate's."""
    return array[..., ~_forget_columns(layer)]


def _live(layer: Lstm, name: str, shape: tuple[int, ...], steps: int) -> Mask:
    mask = np.ones(shape, dtype=bool)
    if steps == 1:
        mask[..., _forget_columns(layer)] = False
        mask &= name != "recurrent_kernel"
    return mask


def _forget_columns(layer: Lstm) -> Mask:
    columns = np.zeros(4 * layer.units, dtype=bool)
    columns[layer.units : 2 * layer.units] = True
    return columns
