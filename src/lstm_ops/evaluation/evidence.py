"""Whether one forecaster is better than a simpler one on the same targets, as a typed result.

Every forecaster is compared with every simpler one; who is simpler, the catalog's order says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation.significance import (
    Interval,
    block_length,
    diebold_mariano,
    holm,
    resample,
)
from lstm_ops.evaluation.walks import Walk
from lstm_ops.models.catalog import CATALOG

Verdict = Literal["better", "worse", "not distinguishable"]
BOOTSTRAP_SEED = 1
LEAST_BLOCKS = 3  # fewer are nearly the whole series each, and a bootstrap of them tells nothing
NO_INTERVAL = Interval(math.nan, math.nan)


@dataclass(frozen=True)
class Comparison:
    """`a` against the simpler `b`. RMSEs are of the losses averaged over seeds and cutoffs.

    difference: RMSE of a minus that of b, in the units of the series, with its interval; relative:
    the same over b's RMSE, NaN where that is 0. statistic, p: Diebold–Mariano; p_adjusted: Holm,
    over all forecasters that are compared with b. Test and intervals are NaN where there are too
    few forecasts for them. confidence: of the verdict and the intervals; seed_wins: the share of
    pairs of a's and b's seeds in which a's RMSE is lower.
    """

    a: str
    b: str
    rmse_a: float
    rmse_b: float
    difference: float
    interval: Interval
    relative: float
    relative_interval: Interval
    statistic: float
    p: float
    p_adjusted: float
    verdict: Verdict
    confidence: float
    seed_wins: float
    n_seeds: int
    n_cutoffs: int
    n_origins: int


def compare(walked: Sequence[Walk], origin_step: int, confidence: float) -> list[Comparison]:
    """Every forecaster against every simpler one, on losses averaged over its seeds.

    `better` and `worse` need the adjusted p below 1 - confidence and an interval without 0. One
    whose training diverged, so that it forecasts no number, is worse than one that does.
    """
    groups = _simplest_first(walked)
    comparisons = []
    for position, simple in enumerate(groups):
        family = [_compare(a, simple, origin_step, confidence) for a in groups[position + 1 :]]
        adjusted = _holm([c.p for c in family])
        comparisons += [
            replace(c, p_adjusted=p, verdict=_verdict(c, p, confidence))
            for c, p in zip(family, adjusted, strict=True)
        ]
    return comparisons


def _simplest_first(walked: Sequence[Walk]) -> list[list[Walk]]:
    """Walks by forecaster, in the catalog's order; of one kind, as they come."""
    kinds = list(CATALOG)
    names = dict.fromkeys(walk.forecaster for walk in walked)
    groups = [[walk for walk in walked if walk.forecaster == name] for name in names]
    return sorted(groups, key=lambda group: kinds.index(group[0].kind))


def _compare(
    a: Sequence[Walk], b: Sequence[Walk], origin_step: int, confidence: float
) -> Comparison:
    losses, others = _mean_losses(a), _mean_losses(b)  # (n_origins,) each
    overlap = math.ceil(a[0].horizon / origin_step)  # forecasts that share targets
    test = diebold_mariano(losses, others, overlap) if len(losses) > overlap + 1 else None
    block = block_length(len(losses), overlap)
    drawn = resample(losses, others, block=block, seed=BOOTSTRAP_SEED)
    enough = len(losses) >= LEAST_BLOCKS * block
    rmse_a, rmse_b = math.sqrt(losses.mean()), math.sqrt(others.mean())
    p = test.p if test else math.nan
    return Comparison(
        a=a[0].forecaster,
        b=b[0].forecaster,
        rmse_a=rmse_a,
        rmse_b=rmse_b,
        difference=rmse_a - rmse_b,
        interval=drawn.difference(confidence) if enough else NO_INTERVAL,
        relative=rmse_a / rmse_b - 1 if rmse_b > 0 else math.nan,
        relative_interval=drawn.relative(confidence) if enough else NO_INTERVAL,
        statistic=test.statistic if test else math.nan,
        p=p,
        p_adjusted=p,
        verdict="not distinguishable",
        confidence=confidence,
        seed_wins=_seed_wins(a, b),
        n_seeds=max(len(a), len(b)),
        n_cutoffs=len(np.unique(a[0].cutoffs)),
        n_origins=len(losses),
    )


def _mean_losses(group: Sequence[Walk]) -> FloatArray:
    """Squared errors averaged over seeds and steps ahead  # (n_origins,)."""
    return np.asarray(np.mean([walk.squared_errors.mean(axis=1) for walk in group], axis=0))


def _seed_wins(a: Sequence[Walk], b: Sequence[Walk]) -> float:
    ours, theirs = ([np.mean(walk.squared_errors) for walk in group] for group in (a, b))
    return float(np.mean(np.less.outer(ours, theirs)))


def _verdict(comparison: Comparison, p_adjusted: float, confidence: float) -> Verdict:
    finite = [math.isfinite(rmse) for rmse in (comparison.rmse_a, comparison.rmse_b)]
    if not all(finite):
        return "worse" if finite[1] else "better" if finite[0] else "not distinguishable"
    low, high = comparison.interval.low, comparison.interval.high
    if p_adjusted < 1 - confidence and (low > 0 or high < 0):  # never of what is not known
        return "better" if comparison.difference < 0 else "worse"
    return "not distinguishable"


def _holm(p_values: Sequence[float]) -> list[float]:
    """Where no test was made there is nothing to adjust."""
    adjusted = iter(holm([p for p in p_values if math.isfinite(p)]))
    return [next(adjusted) if math.isfinite(p) else math.nan for p in p_values]
