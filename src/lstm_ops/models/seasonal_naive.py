"""What it was a season ago, or the mean or median of several seasons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lstm_ops.data.series import FloatArray
from lstm_ops.experiment import SeasonalNaiveSpec
from lstm_ops.models.forecaster import Effort, OnEpoch


@dataclass(frozen=True)
class SeasonalNaive:
    """Learns nothing but how far ahead it is asked for."""

    spec: SeasonalNaiveSpec
    stochastic = False

    def prepare(self, inputs: FloatArray, targets: FloatArray, *, copies: int = 1) -> None:
        """Nothing to share."""

    def fit(
        self, inputs: FloatArray, targets: FloatArray, *, seed: int, on_epoch: OnEpoch
    ) -> FittedSeasonalNaive:
        """Windows hold at least `season_length` × `seasons` values."""
        del inputs, seed, on_epoch
        return FittedSeasonalNaive(self.spec, targets.shape[1])


@dataclass(frozen=True)
class FittedSeasonalNaive:
    """Beyond one season it goes round again."""

    spec: SeasonalNaiveSpec
    horizon: int
    parameters = 0
    effort = Effort()

    def predict(self, inputs: FloatArray) -> FloatArray:
        """inputs (n, look_back) → (n, horizon)."""
        length, seasons = self.spec.season_length, self.spec.seasons
        past = inputs[:, -length * seasons :].reshape(-1, seasons, length)
        statistic = np.median if self.spec.statistic == "median" else np.mean
        season = statistic(past, axis=1)  # (n, season_length)
        return np.asarray(season[:, np.arange(self.horizon) % length])

    def save(self, folder: Path) -> dict[str, Any]:
        """Its settings are all there is."""
        del folder
        settings = self.spec.model_dump(include={"season_length", "seasons", "statistic"})
        return {"family": "seasonal_naive", **settings}
