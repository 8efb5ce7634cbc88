"""Prediction intervals from past errors, without a word about how errors are distributed.

Split conformal: the margin is a quantile of the errors on points that the fit has not seen
(Vovk et al. 2005; Lei et al. 2018, https://doi.org/10.1080/01621459.2017.1307116). Adaptive
conformal: the errors are the most recent ones and the quantile's level moves after each miss or
hit, so that coverage holds where the noise changes (Gibbs and Candès 2021,
https://arxiv.org/abs/2106.00170, equation 2).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lstm_ops.data.series import FloatArray

STEP_SIZE = 0.02  # gamma of the paper
RECENT = 300  # errors that the adaptive quantile looks at


def split_margin(errors: FloatArray, level: float) -> FloatArray:
    """Half the width of an interval of that level, one a step  # (horizon,).

    errors: (n, horizon), absolute. The ceil((n + 1) * level)-th smallest; where there are too few
    for that, the largest, and the level is not warranted.
    """
    return np.array([_quantile(column, level) for column in errors.T])


def adaptive_margins(
    calibration: FloatArray, errors: FloatArray, level: float, delays: NDArray[np.int64]
) -> FloatArray:
    """Half the width of each forecast's interval  # (n, horizon), from errors known before it.

    calibration: (m, horizon), m at least 2, errors: (n, horizon), absolute, in order of time. An
    error of step j is known `delays[j]` forecasts later, 1 at least; those of calibration are known
    from the start.
    """
    n, horizon = errors.shape
    margins = np.empty((n, horizon))
    for step in range(horizon):
        stream = np.concatenate([calibration[:, step], errors[:, step]])
        margins[:, step] = _adapted(stream, len(calibration), level, int(delays[step]))
    return margins


def _adapted(stream: FloatArray, n_calibration: int, level: float, late: int) -> FloatArray:
    """The margins of one step after the calibration errors  # (len(stream) - n_calibration,).

    Calibration errors are all known at the first forecast; the level is adapted on their second
    half, each from those before it.
    """
    margins = np.zeros(len(stream))
    miss_rate = aim = 1 - level
    start = max(2, n_calibration // 2)
    known = start  # errors that the miss rate has been told of
    for now in range(start, len(stream)):
        seen = now if now <= n_calibration else max(n_calibration, now - late + 1)
        for error in range(known, seen):
            miss_rate += STEP_SIZE * (aim - (stream[error] > margins[error]))
        known = max(known, seen)
        margins[now] = _quantile(stream[max(0, seen - RECENT) : seen], 1 - miss_rate)
    return margins[n_calibration:]


def _quantile(errors: FloatArray, level: float) -> float:
    """Of (n,) errors, counted so that a new one lies within it with that probability."""
    wanted = math.ceil(round((len(errors) + 1) * level, 9))  # 100 * 0.55 is 55.000000000000007
    rank = min(max(wanted, 1), len(errors))
    return float(np.partition(errors, rank - 1)[rank - 1])
