"""Forecasts from many origins at once, by a forecaster that has seen nothing after its cutoff."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_ops.data.scaling import Scaling, fit_scaling
from lstm_ops.data.series import FloatArray
from lstm_ops.data.windows import cut
from lstm_ops.experiment import ScalingKind, Window
from lstm_ops.models.forecaster import Fitted, Forecaster, OnEpoch


@dataclass(frozen=True)
class Rolling:
    """A fitted forecaster with the scaling and the look_back that it was fitted with."""

    fitted: Fitted
    scaling: Scaling
    look_back: int

    def ahead(self, values: FloatArray, origins: NDArray[np.int64], horizon: int) -> FloatArray:
        """Forecasts in the units of values  # (n_origins, horizon).

        Of `values` (n_points,), a forecast from an origin o sees values[o - look_back : o] alone.
        Beyond the steps that the fit gives, it feeds on its own forecasts.
        """
        past = np.arange(-self.look_back, 0)
        known = self.scaling.apply(values[origins[:, np.newaxis] + past])  # (n_origins, look_back)
        while known.shape[1] < self.look_back + horizon:
            forecasts = self.fitted.predict(known[:, -self.look_back :])
            known = np.concatenate([known, forecasts], axis=1)
        return self.scaling.invert(known[:, self.look_back : self.look_back + horizon])


def fit_on(
    forecaster: Forecaster,
    seen: FloatArray,
    window: Window,
    scaling_kind: ScalingKind,
    *,
    seed: int,
    on_epoch: OnEpoch,
) -> Rolling:
    """Scaling and forecaster fitted on `seen` (n_seen,), every window of it."""
    windows, scaling = cut(seen, window), fit_scaling(scaling_kind, seen)
    fitted = forecaster.fit(
        scaling.apply(windows.inputs), scaling.apply(windows.targets), seed=seed, on_epoch=on_epoch
    )
    return Rolling(fitted, scaling, window.look_back)


def targets_of(values: FloatArray, origins: NDArray[np.int64], horizon: int) -> FloatArray:
    """What came after each origin  # (n_origins, horizon)."""
    return np.asarray(values[origins[:, np.newaxis] + np.arange(horizon)])
