"""Ridge regression on the window: many lags without their noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_ops.data.series import FloatArray
from lstm_ops.data.windows import shape
from lstm_ops.experiment import RidgeSpec
from lstm_ops.models.forecaster import OnEpoch
from lstm_ops.models.linear import FittedLinear


@dataclass(frozen=True)
class Ridge:
    """scikit-learn's Ridge (Hoerl and Kennard 1970, https://doi.org/10.1080/00401706.1970.10488634)."""

    spec: RidgeSpec
    stochastic = False

    def prepare(self, inputs: FloatArray, targets: FloatArray, *, copies: int = 1) -> None:
        """Nothing to share."""

    def fit(
        self, inputs: FloatArray, targets: FloatArray, *, seed: int, on_epoch: OnEpoch
    ) -> FittedLinear:
        """The one solution; the seed plays no part. The intercept is not made smaller."""
        del seed, on_epoch
        from sklearn.linear_model import Ridge as Regression

        model = Regression(alpha=self.spec.alpha).fit(shape(inputs, "flat"), targets)
        # scikit-learn drops the axis of a single target.
        weights = np.reshape(model.coef_, (targets.shape[1], -1))
        return FittedLinear(weights=weights, bias=np.atleast_1d(model.intercept_))
