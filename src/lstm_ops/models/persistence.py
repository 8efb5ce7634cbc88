"""Persistence: the last value, again. What every other forecaster must beat."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lstm_ops.data.series import FloatArray
from lstm_ops.models.forecaster import Effort, OnEpoch


@dataclass(frozen=True)
class Persistence:
    """Repeats the window's last value over the horizon."""

    stochastic = False

    def prepare(self, inputs: FloatArray, targets: FloatArray, *, copies: int = 1) -> None:
        """Nothing to share."""

    def fit(
        self, inputs: FloatArray, targets: FloatArray, *, seed: int, on_epoch: OnEpoch
    ) -> FittedPersistence:
        """Nothing is fitted; only the horizon is taken from the targets."""
        del inputs, seed, on_epoch
        return FittedPersistence(horizon=targets.shape[1])


@dataclass(frozen=True)
class FittedPersistence:
    """Persistence for one horizon."""

    horizon: int
    parameters = 0
    effort = Effort()

    def predict(self, inputs: FloatArray) -> FloatArray:
        """(n, horizon) of each window's last value."""
        return np.repeat(inputs[:, -1:], self.horizon, axis=1)

    def save(self, folder: Path) -> dict[str, Any]:
        """No files: the recipe says it all."""
        del folder
        return {"family": "persistence"}
