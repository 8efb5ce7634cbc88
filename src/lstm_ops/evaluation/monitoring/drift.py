"""Changes of the series itself: Page and Hinkley's test on its innovations.

Page 1954, Continuous inspection schemes, https://doi.org/10.1093/biomet/41.1-2.100, as river has it
(Montiel et al. 2021, https://jmlr.org/papers/v22/20-1380.html).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation.monitoring.innovations import Innovations, innovations
from lstm_ops.experiment import DriftWatch

if TYPE_CHECKING:
    from river.drift import PageHinkley

What = Literal["level", "variance"]
# Half the shift worth finding, in sd: sums of smaller ones do not grow.
LEVEL_DELTA = 0.5
# With 2 ln 2 - 1 = 0.386 sums of squares are the likelihood ratio of a doubled variance. A little
# less saw it more often at as many false alarms (`python -m benchmarks monitoring`).
VARIANCE_DELTA = 0.3
MOST_SQUARE = 12.0  # so that two wild points alone are no change of variance
SETTLING = 60  # points after a change before the next can be told


@dataclass(frozen=True)
class Watch:
    """A statistic over the points after the champion's cutoff, and where it crossed.

    `statistic` (n_live,): NaN after the crossing. `crossed` and `began` (estimated) count from the
    first of these points; None where nothing crossed, and `began` may lie before the cutoff.
    """

    what: What
    threshold: float
    statistic: FloatArray
    crossed: int | None
    began: int | None

    @property
    def newest(self) -> float:
        """The last that is known; 0 without any."""
        known = self.statistic[np.isfinite(self.statistic)]
        return float(known[-1]) if len(known) else 0.0


@dataclass(frozen=True)
class Drift:
    """`lags` and `reference` say what the autoregression was fitted on."""

    level: Watch
    variance: Watch
    lags: int
    reference: int

    @property
    def watches(self) -> tuple[Watch, Watch]:
        """Both."""
        return self.level, self.variance


def drift(values: FloatArray, seen: int, watch: DriftWatch) -> Drift | None:
    """What has changed since the first `seen` values  # (n_points,). None where nobody can tell."""
    found = innovations(values, seen, watch.lags, watch.reference)
    if found is None:
        return None
    squares = np.minimum(found.z**2, MOST_SQUARE)
    return Drift(
        level=_watch("level", found.z, found, watch.level),
        variance=_watch("variance", squares, found, watch.variance),
        lags=found.lags,
        reference=found.held_out + found.lags,
    )


def _watch(what: What, stream: FloatArray, found: Innovations, threshold: float) -> Watch:
    """Goes through what was held out as well, so that a change which the champion has seen is
    usual by the time that live points come: after a change the test starts anew."""
    detector, sums = _detector(what, threshold), np.full((len(stream), 2), np.nan)
    first, crossed = found.held_out, None
    for at, value in enumerate(stream.tolist()):
        detector.update(value)  # type: ignore[no-untyped-call]
        sums[at] = _sums(detector)
        if detector.drift_detected and at >= first:
            crossed = at - first
            break
    which = sums if what == "level" else sums[:, :1]
    began = None if crossed is None else _began(which[: first + crossed + 1]) - first
    return Watch(what, threshold, which[first:].max(axis=1), crossed, began)


def _detector(what: What, threshold: float) -> PageHinkley:
    from river.drift import PageHinkley  # takes a second and more

    delta, mode = (LEVEL_DELTA, "both") if what == "level" else (VARIANCE_DELTA, "up")
    return PageHinkley(SETTLING, delta, threshold, alpha=1.0, mode=mode)


def _sums(detector: PageHinkley) -> tuple[float, float]:
    """Up and down, what the threshold is compared with. river keeps them to itself."""
    up = detector._sum_increase - detector._min_increase
    return up, detector._max_decrease - detector._sum_decrease


def _began(sums: FloatArray) -> int:
    """The point after the last at which the sum that crossed was at its start  # (n, 1 or 2)."""
    crossing = sums[:, int(np.argmax(sums[-1]))]
    return int(np.flatnonzero(crossing[:-1] <= 0)[-1]) + 1 if (crossing[:-1] <= 0).any() else 0
