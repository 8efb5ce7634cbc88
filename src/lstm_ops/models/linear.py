"""Ordinary least squares on the window, one regression for each step of the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lstm_ops.data.series import FloatArray
from lstm_ops.data.windows import shape
from lstm_ops.models.forecaster import Effort, OnEpoch


@dataclass(frozen=True)
class Linear:
    """scikit-learn's LinearRegression."""

    stochastic = False

    def prepare(self, inputs: FloatArray, targets: FloatArray, *, copies: int = 1) -> None:
        """Nothing to share."""

    def fit(
        self, inputs: FloatArray, targets: FloatArray, *, seed: int, on_epoch: OnEpoch
    ) -> FittedLinear:
        """The least-squares solution; the seed plays no part."""
        del seed, on_epoch
        from sklearn.linear_model import LinearRegression  # half a second that others need not wait

        model = LinearRegression().fit(shape(inputs, "flat"), targets)
        return FittedLinear(weights=model.coef_, bias=model.intercept_)


@dataclass(frozen=True)
class FittedLinear:
    """weights: (horizon, numbers in a window), bias: (horizon,)."""

    weights: FloatArray
    bias: FloatArray
    effort = Effort()

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return int(self.weights.size + self.bias.size)

    def predict(self, inputs: FloatArray) -> FloatArray:
        """inputs (n, look_back), or (n, look_back, channels) → (n, horizon)."""
        return np.asarray(shape(inputs, "flat") @ self.weights.T + self.bias)

    def save(self, folder: Path) -> dict[str, Any]:
        """The numbers themselves go into the recipe."""
        del folder
        return {"family": "linear", "weights": self.weights.tolist(), "bias": self.bias.tolist()}
