"""GRU(units) → Dense(horizon): two gates instead of three, and no separate cell state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lstm_ops.experiment import GruSpec
from lstm_ops.models import recurrent
from lstm_ops.models.network import load_keras

if TYPE_CHECKING:
    import keras


def build(input_shape: tuple[int, ...], horizon: int, spec: GruSpec, seed: int) -> keras.Model:
    """An untrained network for windows of (time_steps, features)."""
    return recurrent.build(load_keras().layers.GRU, spec.units, input_shape, horizon, seed)


@dataclass(frozen=True)
class Gru(recurrent.Recurrent):
    """Keras's GRU (Cho et al. 2014, https://arxiv.org/abs/1406.1078)."""

    spec: GruSpec

    def build(self, input_shape: tuple[int, ...], horizon: int, seed: int) -> keras.Model:
        """By its own settings."""
        return build(input_shape, horizon, self.spec, seed)
