"""How far off a fit is on points that it has not seen: what the served intervals are made of."""

from __future__ import annotations

import numpy as np

from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation.rolling import Rolling

MOST_ORIGINS = 200


def calibration_errors(rolling: Rolling, values: FloatArray, seen: int, steps: int) -> FloatArray:
    """Absolute errors 1 … `steps` steps ahead, from the newest origins  # (m, steps).

    values: (n_points,), of which the fit has seen the first `seen`. NaN where a target lies beyond
    the last point; fewer steps where there are not so many points.
    """
    n_points = len(values)
    steps = min(steps, n_points - seen)
    origins = np.arange(max(seen, n_points - MOST_ORIGINS), n_points, dtype=np.int64)
    targets = np.full(n_points + steps, np.nan)
    targets[:n_points] = values
    actual = targets[origins[:, np.newaxis] + np.arange(steps)]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.abs(actual - rolling.ahead(values, origins, steps)))
