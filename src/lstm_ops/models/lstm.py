"""LSTM(units) → Dense(horizon), as in *LSTM Explained*."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lstm_ops.experiment import LstmSpec
from lstm_ops.models import recurrent
from lstm_ops.models.network import load_keras

if TYPE_CHECKING:
    import keras


def build(input_shape: tuple[int, ...], horizon: int, spec: LstmSpec, seed: int) -> keras.Model:
    """An untrained network for windows of (time_steps, features)."""
    return recurrent.build(load_keras().layers.LSTM, spec.units, input_shape, horizon, seed)


@dataclass(frozen=True)
class Lstm(recurrent.Recurrent):
    """Keras's LSTM (Hochreiter and Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735)."""

    spec: LstmSpec

    def build(self, input_shape: tuple[int, ...], horizon: int, seed: int) -> keras.Model:
        """By its own settings."""
        return build(input_shape, horizon, self.spec, seed)
