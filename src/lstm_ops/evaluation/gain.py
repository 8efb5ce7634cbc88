"""By how much one forecaster's RMSE is below another's, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation.evidence import BOOTSTRAP_SEED, LEAST_BLOCKS
from lstm_ops.evaluation.significance import Interval, block_length, diebold_mariano, resample


@dataclass(frozen=True)
class Gain:
    """`share` of the other's RMSE that is gained, with its interval; NaN where nobody can say.

    p: of Diebold and Mariano's test, two-sided; n: pairs of losses.
    """

    share: float
    interval: Interval
    p: float
    n: int
    confidence: float

    def shown(self, margin: float) -> bool:
        """Whether it is at least `margin`, by the interval and by the test."""
        return self.interval.low > margin and self.p < 1 - self.confidence

    def __str__(self) -> str:
        low, high = 100 * self.interval.low, 100 * self.interval.high
        return (
            f"{100 * self.share:.3g} % ({100 * self.confidence:.4g} % interval {low:.1f} to "
            f"{high:.1f} %, {self.n} origins)"
        )


def gain(losses: FloatArray, others: FloatArray, horizon: int, confidence: float) -> Gain:
    """Of `losses` over `others`, squared errors of the newest origins, in order of time.

    Where the other side has fewer, the last of each are paired. The interval is of the block
    bootstrap that `significance` describes. A diverged training gains nothing and shows nothing.
    """
    n = min(len(losses), len(others))
    ours, theirs = losses[len(losses) - n :], others[len(others) - n :]
    nothing = Gain(math.nan, Interval(math.nan, math.nan), math.nan, n, confidence)
    if n == 0 or not np.isfinite(ours).all():
        return nothing
    if not np.isfinite(theirs).all():  # any number is better than none
        return Gain(1.0, Interval(1.0, 1.0), 0.0, n, confidence)
    if not theirs.any():
        return nothing
    share = 1 - rmse(ours) / rmse(theirs)
    block = block_length(n, horizon)
    if n < LEAST_BLOCKS * block or n <= horizon + 1:
        return Gain(share, nothing.interval, math.nan, n, confidence)
    drawn = resample(ours, theirs, block=block, seed=BOOTSTRAP_SEED).relative(confidence)
    p = diebold_mariano(ours, theirs, horizon).p
    return Gain(share, Interval(-drawn.high, -drawn.low), p, n, confidence)


def rmse(losses: FloatArray) -> float:
    """Root of the mean loss; infinite where there is none, or training diverged."""
    if len(losses) == 0 or not np.isfinite(losses).all():
        return math.inf
    return math.sqrt(float(np.mean(losses)))
