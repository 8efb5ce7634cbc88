"""What LSTM and GRU share: one recurrent layer, then Dense(horizon)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lstm_ops.data.series import FloatArray
from lstm_ops.data.windows import Layout, shape
from lstm_ops.experiment import NetworkSpec, Training
from lstm_ops.models.forecaster import OnEpoch
from lstm_ops.models.network import FittedNetwork, layer_seeds, load_keras, prepare, train

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Recurrent(ABC):
    """A recurrent network on windows laid out as `features` or as `steps`. A kind builds it."""

    spec: NetworkSpec
    training: Training
    layout: Layout
    stochastic = True

    @abstractmethod
    def build(self, input_shape: tuple[int, ...], horizon: int, seed: int) -> keras.Model:
        """An untrained network for windows of (time_steps, features)."""

    def prepare(self, inputs: FloatArray, targets: FloatArray, *, copies: int = 1) -> None:
        """Trace the compiled training, for as many at once."""
        shaped = shape(inputs, self.layout)
        network = self.build(shaped.shape[1:], targets.shape[1], seed=0)
        prepare(network, shaped, targets, self.training, copies)

    def fit(
        self, inputs: FloatArray, targets: FloatArray, *, seed: int, on_epoch: OnEpoch
    ) -> FittedNetwork:
        """Train from weights and an order of windows that the seed decides."""
        shaped = shape(inputs, self.layout)  # (n, time_steps, features)
        network = self.build(shaped.shape[1:], targets.shape[1], seed)
        effort = train(network, shaped, targets, self.training, seed, on_epoch)
        return FittedNetwork(network, effort, self.layout)


def build(
    layer: type[keras.Layer], units: int, input_shape: tuple[int, ...], horizon: int, seed: int
) -> keras.Model:
    """An untrained network of a Keras layer for windows of (time_steps, features)."""
    keras, name = load_keras(), layer.__name__.lower()
    kernel, recurrent, dense = layer_seeds(seed, 3)
    return keras.Sequential(
        [
            keras.Input(input_shape, name="window"),
            layer(
                units,
                kernel_initializer=keras.initializers.GlorotUniform(kernel),
                recurrent_initializer=keras.initializers.Orthogonal(seed=recurrent),
                name=name,
            ),
            keras.layers.Dense(
                horizon, kernel_initializer=keras.initializers.GlorotUniform(dense), name="forecast"
            ),
        ],
        name=f"{name}_forecaster",
    )
