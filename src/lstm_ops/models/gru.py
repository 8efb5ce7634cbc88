"""GRU(units) → Dense(horizon): two gates instead of three, and no separate cell state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lstm_ops.data.series import FloatArray
from lstm_ops.data.windows import Layout, shape
from lstm_ops.experiment import GruSpec, Training
from lstm_ops.models.forecaster import OnEpoch
from lstm_ops.models.network import FittedNetwork, layer_seeds, load_keras, prepare, train

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Gru:
    """Keras's GRU (Cho et al. 2014, https://arxiv.org/abs/1406.1078), either layout."""

    spec: GruSpec
    training: Training
    layout: Layout
    stochastic = True

    def prepare(self, inputs: FloatArray, targets: FloatArray) -> None:
        """Trace the compiled training."""
        shaped = shape(inputs, self.layout)
        network = build(shaped.shape[1:], targets.shape[1], self.spec, seed=0)
        prepare(network, shaped, targets, self.training)

    def fit(
        self, inputs: FloatArray, targets: FloatArray, *, seed: int, on_epoch: OnEpoch
    ) -> FittedNetwork:
        """Train from weights and an order of windows that the seed decides."""
        shaped = shape(inputs, self.layout)  # (n, time_steps, features)
        network = build(shaped.shape[1:], targets.shape[1], self.spec, seed)
        effort = train(network, shaped, targets, self.training, seed, on_epoch)
        return FittedNetwork(network, effort, self.layout)


def build(input_shape: tuple[int, ...], horizon: int, spec: GruSpec, seed: int) -> keras.Model:
    """An untrained network for windows of (time_steps, features)."""
    keras = load_keras()
    kernel, recurrent, dense = layer_seeds(seed, 3)
    gru = keras.layers.GRU(
        spec.units,
        kernel_initializer=keras.initializers.GlorotUniform(kernel),
        recurrent_initializer=keras.initializers.Orthogonal(seed=recurrent),
        name="gru",
    )
    forecast = keras.layers.Dense(
        horizon, kernel_initializer=keras.initializers.GlorotUniform(dense), name="forecast"
    )
    window = keras.Input(input_shape, name="window")
    return keras.Sequential([window, gru, forecast], name="gru_forecaster")
