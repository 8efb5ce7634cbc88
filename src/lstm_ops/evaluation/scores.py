"""Scores of several forecasters and seeds, side by side: medians, ranks."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """The figures of one trial. `seed` is None for a forecaster that needs none."""

    forecaster: str
    kind: str
    seed: int | None
    metrics: dict[str, float]

    @property
    def validation(self) -> float:
        """What selection looks at, and nothing else."""
        return self.metrics["validation/rmse"]


@dataclass(frozen=True)
class Summary:
    """A forecaster over its seeds: medians of every metric, and the trial that stands for it.

    `representative` is the position, among the scores given, of the trial of median validation
    score (the lower of the middle two).
    """

    forecaster: str
    kind: str
    n_seeds: int
    representative: int
    metrics: dict[str, float]


def summarise(scores: Sequence[Score]) -> list[Summary]:
    """One summary a forecaster, best median validation score first; equals keep their order."""
    names = dict.fromkeys(score.forecaster for score in scores)
    summaries = [_summary(name, scores) for name in names]
    return sorted(summaries, key=lambda summary: _or_infinite(summary.metrics["validation/rmse"]))


def _summary(name: str, scores: Sequence[Score]) -> Summary:
    positions = [i for i, score in enumerate(scores) if score.forecaster == name]
    ranked = sorted(positions, key=lambda i: _or_infinite(scores[i].validation))
    middle = ranked[(len(ranked) - 1) // 2]
    return Summary(
        name, scores[middle].kind, len(positions), middle, _medians(scores[i] for i in positions)
    )


def _medians(scores: Iterable[Score]) -> dict[str, float]:
    each = [score.metrics for score in scores]
    return {
        name: statistics.median(_or_infinite(m[name]) for m in each if name in m)
        for name in each[0]
    }


def _or_infinite(error: float) -> float:
    """A training that diverged scores NaN, which no order knows: it comes last."""
    return math.inf if math.isnan(error) else error


def table(summaries: Sequence[Summary]) -> list[dict[str, str | float | int]]:
    """Rows for people: one a forecaster, the best on validation first."""
    columns = {
        "validation RMSE": "validation/rmse",
        "train RMSE": "train/rmse",
        "test RMSE": "test/rmse",
        "test RMSE as the tutorial": "test/rmse_tutorial",
        "skill vs persistence": "test/skill_vs_persistence",
        "× noise floor": "test/rmse_over_noise_floor",
        "parameters": "model/parameters",
        "fit s": "fit/seconds",
    }
    shown = {k: v for k, v in columns.items() if any(v in s.metrics for s in summaries)}
    rows: list[dict[str, str | float | int]] = []
    for summary in summaries:
        row: dict[str, str | float | int] = {
            "forecaster": summary.forecaster,
            "seeds": summary.n_seeds,
        }
        for column, metric in shown.items():
            row[column] = summary.metrics.get(metric, float("nan"))
        rows.append(row)
    return rows
