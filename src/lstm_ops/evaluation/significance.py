"""Whether one forecaster beats another on the same targets, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_ops.data.series import FloatArray


@dataclass(frozen=True)
class DieboldMariano:
    """`statistic` is below 0 where the first has the smaller losses; `p` is two-sided."""

    statistic: float
    p: float


@dataclass(frozen=True)
class Interval:
    """Both ends, in the units of what was resampled."""

    low: float
    high: float


def diebold_mariano(losses: FloatArray, others: FloatArray, horizon: int) -> DieboldMariano:
    """Equal accuracy on the same targets in order of time. losses, others: (n,), n > horizon.

    `horizon`: how many neighbouring forecasts share targets, 1 if none do.

    Diebold and Mariano (1995, https://doi.org/10.1080/07350015.1995.10524599) with the correction
    of Harvey, Leybourne and Newbold (1997, https://doi.org/10.1016/S0169-2070(96)00719-4): the
    long-run variance over horizon - 1 autocovariances. Student's t, whose degrees of freedom are
    theirs, n - 1, where nothing overlaps; else n / horizon - 1, and 1 at least: with few forecasts
    that overlap, n - 1 finds differences where there are none three to five times too often.
    Where that variance is not positive, as its flat weights allow, Bartlett's weights are used.
    Equal losses everywhere give p = 1.
    """
    from scipy import stats  # a third of a second that others need not wait

    difference = losses - others
    n, h = len(difference), horizon
    if n <= h:
        raise ValueError(f"{n} losses; needed: more than the horizon of {h}")
    mean, variance = float(difference.mean()), _long_run_variance(difference, h - 1)
    if variance <= 0:
        statistic = 0.0 if mean == 0 else math.copysign(math.inf, mean)
    else:
        correction = (n + 1 - 2 * h + h * (h - 1) / n) / n
        statistic = mean / math.sqrt(variance / n) * math.sqrt(correction)
    return DieboldMariano(statistic, float(2 * stats.t.sf(abs(statistic), max(1.0, n / h - 1))))


def _long_run_variance(values: FloatArray, lags: int) -> float:
    """Of the mean times n, over `lags` autocovariances  # values (n,)."""
    centred = values - values.mean()
    n = len(values)
    covariances = [float(centred[k:] @ centred[: n - k]) / n for k in range(lags + 1)]
    flat = covariances[0] + 2 * sum(covariances[1:])
    if flat > 0:
        return flat
    weights = [1 - k / (lags + 1) for k in range(lags + 1)]
    return covariances[0] + 2 * sum(
        w * c for w, c in zip(weights[1:], covariances[1:], strict=True)
    )


@dataclass(frozen=True)
class Resampled:
    """The RMSEs of two forecasters in every resample  # (samples,) each, rows belong together."""

    rmse: FloatArray
    other: FloatArray

    def difference(self, level: float) -> Interval:
        """Of RMSE minus RMSE."""
        return _middle(self.rmse - self.other, level)

    def relative(self, level: float) -> Interval:
        """Of the same over the other's RMSE: -0.12 is twelve percent better."""
        ratio = np.divide(self.rmse, self.other, out=np.ones_like(self.rmse), where=self.other > 0)
        return _middle(ratio - 1, level)


def resample(
    losses: FloatArray, others: FloatArray, *, block: int, seed: int, samples: int = 2000
) -> Resampled:
    """Squared errors `losses` and `others` (n,) of the same targets, drawn anew in blocks.

    Circular block bootstrap (Politis and Romano 1992): blocks of `block` neighbours are drawn, for
    both forecasters alike, so that what errors share in time and between the two is kept.
    """
    n = len(losses)
    count = math.ceil(n / block)
    starts = np.random.default_rng(seed).integers(0, n, (samples, count))
    lengths = np.full(count, block)
    lengths[-1] = n - block * (count - 1)  # every resample has n errors

    def rmse(values: FloatArray) -> FloatArray:
        sums = np.concatenate([[0.0], np.cumsum(np.concatenate([values, values]))])
        total = (sums[starts + lengths] - sums[starts]).sum(axis=1)  # (samples,)
        return np.asarray(np.sqrt(np.maximum(total, 0) / n))

    return Resampled(rmse(losses), rmse(others))


def _middle(values: FloatArray, level: float) -> Interval:
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return Interval(float(low), float(high))


def block_length(n: int, horizon: int) -> int:
    """The cube root of n, and no less than the horizon, over which errors overlap."""
    root = math.ceil(math.cbrt(n))
    return min(n, max(horizon, root))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted for all of them being looked at, in the order given.

    Holm (1979, https://www.jstor.org/stable/4615733).
    """
    m = len(p_values)
    adjusted = [0.0] * m
    largest = 0.0
    for rank, index in enumerate(sorted(range(m), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (m - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
