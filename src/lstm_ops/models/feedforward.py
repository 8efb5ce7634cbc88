"""Dense layers on the flat window: the simple net that the LSTM has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lstm_ops.data.series import FloatArray
from lstm_ops.data.windows import shape
from lstm_ops.experiment import FeedforwardSpec, Training
from lstm_ops.models.forecaster import OnEpoch
from lstm_ops.models.network import FittedNetwork, layer_seeds, load_keras, prepare, train

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Feedforward:
    """Keras Dense layers; the layout of recurrent nets does not concern it."""

    spec: FeedforwardSpec
    training: Training
    stochastic = True

    def prepare(self, inputs: FloatArray, targets: FloatArray, *, copies: int = 1) -> None:
        """Trace the compiled training, for as many at once."""
        flat = shape(inputs, "flat")
        network = build(flat.shape[1], targets.shape[1], self.spec, seed=0)
        prepare(network, flat, targets, self.training, copies)

    def fit(
        self, inputs: FloatArray, targets: FloatArray, *, seed: int, on_epoch: OnEpoch
    ) -> FittedNetwork:
        """Train from weights and an order of windows that the seed decides."""
        flat = shape(inputs, "flat")  # (n, numbers in a window)
        network = build(flat.shape[1], targets.shape[1], self.spec, seed)
        effort = train(network, flat, targets, self.training, seed, on_epoch)
        return FittedNetwork(network, effort, "flat")


def build(inputs: int, horizon: int, spec: FeedforwardSpec, seed: int) -> keras.Model:
    """An untrained network for windows of (inputs,)."""
    keras = load_keras()
    *hidden_seeds, last = layer_seeds(seed, len(spec.hidden) + 1)
    hidden = [
        keras.layers.Dense(
            size,
            activation=spec.activation,
            kernel_initializer=keras.initializers.GlorotUniform(layer_seed),
            name=f"hidden_{number}",
        )
        for number, (size, layer_seed) in enumerate(zip(spec.hidden, hidden_seeds, strict=True), 1)
    ]
    forecast = keras.layers.Dense(
        horizon, kernel_initializer=keras.initializers.GlorotUniform(last), name="forecast"
    )
    window = keras.Input((inputs,), name="window")
    return keras.Sequential([window, *hidden, forecast], name="feedforward_forecaster")
