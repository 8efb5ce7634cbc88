"""Pieces put together again: what a forecaster with one seed foretold over all cutoffs, scored.

How cutoffs and seeds are pooled is told in docs/evaluation.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation import metrics
from lstm_ops.evaluation.backtest import Forecasts, Piece
from lstm_ops.evaluation.origins import Plan
from lstm_ops.evaluation.rolling import targets_of

Metrics = dict[str, float]


@dataclass(frozen=True)
class Walk:
    """One forecaster with one seed, walked forward through all cutoffs, in order of time.

    cutoffs, origins: (n,), a row each; actual, forecasts, adaptive, split: (n, horizon), the last
    two half the width of intervals; scale: (n, 1), what MASE divides by.
    """

    forecaster: str
    kind: str
    seed: int | None
    cutoffs: NDArray[np.int64]
    origins: NDArray[np.int64]
    actual: FloatArray
    forecasts: FloatArray
    adaptive: FloatArray
    split: FloatArray
    scale: FloatArray

    @property
    def squared_errors(self) -> FloatArray:
        """(n, horizon)."""
        return (self.actual - self.forecasts) ** 2

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return int(self.forecasts.shape[1])

    def score(self, cutoff: int | None = None, step: int | None = None) -> Metrics:
        """Over the rows of one cutoff (all where None) and one step ahead, from 1 (all)."""
        rows = slice(None) if cutoff is None else self.cutoffs == cutoff
        columns = slice(None) if step is None else slice(step - 1, step)
        actual, forecasts = self.actual[rows][:, columns], self.forecasts[rows][:, columns]
        adaptive, split = self.adaptive[rows][:, columns], self.split[rows][:, columns]
        errors = np.abs(actual - forecasts)
        return {
            "rmse": metrics.rmse(actual, forecasts),
            "mae": metrics.mae(actual, forecasts),
            "mase": metrics.mase(actual, forecasts, self.scale[rows]),
            "smape": metrics.smape(actual, forecasts),
            "coverage": float(np.mean(errors <= adaptive)),
            "width": float(2 * np.mean(adaptive)),
            "coverage_split": float(np.mean(errors <= split)),
            "width_split": float(2 * np.mean(split)),
        }


def walks(
    results: Iterable[tuple[Piece, Forecasts]], values: FloatArray, plan: Plan, season_length: int
) -> list[Walk]:
    """One for each forecaster and seed, in the order in which they first come."""
    grouped: dict[tuple[str, int | None], list[tuple[Piece, Forecasts]]] = {}
    for piece, foretold in results:
        grouped.setdefault((str(piece.spec.name), piece.seed), []).append((piece, foretold))
    return [_walk(parts, values, plan, season_length) for parts in grouped.values()]


def _walk(
    parts: Sequence[tuple[Piece, Forecasts]], values: FloatArray, plan: Plan, season_length: int
) -> Walk:
    parts = sorted(parts, key=lambda part: part[0].blocks[0].cutoff)
    spec, seed = parts[0][0].spec, parts[0][0].seed
    sizes = [len(foretold.origins) for _, foretold in parts]
    blocks = [block for piece, _ in parts for block in piece.blocks]
    scales = [
        metrics.naive_error(values[p.blocks[0].first_seen : p.blocks[0].fitted_at], season_length)
        for p, _ in parts
    ]
    origins = np.concatenate([foretold.origins for _, foretold in parts])
    return Walk(
        forecaster=str(spec.name),
        kind=spec.kind,
        seed=seed,
        cutoffs=np.repeat([b.cutoff for b in blocks], [len(b.origins) for b in blocks]),
        origins=origins,
        actual=targets_of(values, origins, plan.horizon),
        forecasts=np.concatenate([foretold.forecasts for _, foretold in parts]),
        adaptive=np.concatenate([foretold.adaptive for _, foretold in parts]),
        split=np.repeat([foretold.split for _, foretold in parts], sizes, axis=0),
        scale=np.repeat(scales, sizes)[:, np.newaxis],
    )


@dataclass(frozen=True)
class Standing:
    """A forecaster over its seeds: mean and sd of every metric, and those of each seed.

    `by_horizon` has the means for each step ahead. sd: of a sample, 0 with one seed.
    """

    forecaster: str
    kind: str
    seeds: tuple[int | None, ...]
    runs: tuple[Metrics, ...]
    mean: Metrics
    sd: Metrics
    by_horizon: tuple[Metrics, ...]


def standings(walked: Sequence[Walk], floor: float | None) -> list[Standing]:
    """One a forecaster, lowest mean RMSE first. `floor`: RMSE of the true signal, if known."""
    names = dict.fromkeys(walk.forecaster for walk in walked)
    each = [_standing([w for w in walked if w.forecaster == name], floor) for name in names]
    return sorted(each, key=lambda s: s.mean["rmse"] if np.isfinite(s.mean["rmse"]) else np.inf)


def _standing(walked: Sequence[Walk], floor: float | None) -> Standing:
    runs = [walk.score() for walk in walked]
    if floor:
        runs = [{**run, "rmse_over_noise_floor": run["rmse"] / floor} for run in runs]
    by_horizon = [
        _mean([walk.score(step=step) for walk in walked])
        for step in range(1, walked[0].horizon + 1)
    ]
    spread = {
        key: float(np.std([run[key] for run in runs], ddof=1)) if len(runs) > 1 else 0.0
        for key in runs[0]
    }
    return Standing(
        walked[0].forecaster,
        walked[0].kind,
        tuple(walk.seed for walk in walked),
        tuple(runs),
        _mean(runs),
        spread,
        tuple(by_horizon),
    )


def _mean(runs: Sequence[Metrics]) -> Metrics:
    return {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
