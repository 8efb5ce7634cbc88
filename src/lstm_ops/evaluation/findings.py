"""All that a backtest found, in one place, for figures and pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lstm_ops.data.series import FloatArray, Series
from lstm_ops.evaluation.evidence import Comparison
from lstm_ops.evaluation.judgement import judgement
from lstm_ops.evaluation.walks import Standing, Walk
from lstm_ops.experiment import Experiment


@dataclass(frozen=True)
class Findings:
    """`name` is the experiment's; `standings`: lowest RMSE first; `floor`: RMSE of the true signal.

    A walk whose RMSE is no finite number has *diverged*, and no mean, line or dot has a part of it.
    """

    name: str
    experiment: Experiment
    series: Series
    walks: Sequence[Walk]
    standings: Sequence[Standing]
    comparisons: Sequence[Comparison]
    floor: float | None

    @cached_property
    def verdict(self) -> str:
        """In words."""
        return judgement(self.standings, self.comparisons)

    @cached_property
    def names(self) -> list[str]:
        """Of the forecasters, lowest RMSE first."""
        return [standing.forecaster for standing in self.standings]

    @cached_property
    def diverged(self) -> list[Walk]:
        """Without a finite RMSE."""
        return [walk for walk in self.walks if not np.isfinite(rmse(walk))]

    @cached_property
    def cutoffs(self) -> NDArray[np.int64]:
        """(n_cutoffs,)."""
        return np.unique(self.walks[0].cutoffs)

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return self.walks[0].horizon

    def sound(self, forecaster: str) -> list[Walk]:
        """The walks of its seeds, without those that diverged."""
        lost = {id(walk) for walk in self.diverged}
        return [w for w in self.walks if w.forecaster == forecaster and id(w) not in lost]

    def typical(self, forecaster: str) -> Walk | None:
        """The walk of the seed with the median RMSE, of two in the middle the better one."""
        ranked = sorted(self.sound(forecaster), key=rmse)
        return ranked[(len(ranked) - 1) // 2] if ranked else None

    def best(self, kind: str | None = None) -> Walk | None:
        """The typical walk of the first forecaster (of that kind) that has one."""
        named = [s.forecaster for s in self.standings if kind in (None, s.kind)]
        return next((walk for name in named if (walk := self.typical(name))), None)


def rmse(walk: Walk) -> float:
    """Over all cutoffs and steps ahead; infinite or NaN where training diverged."""
    return float(np.sqrt(_squares(walk).mean()))


def rmse_by_cutoff(walk: Walk) -> FloatArray:
    """(n_cutoffs,), in order of time."""
    squares = _squares(walk)
    blocks = [squares[walk.cutoffs == cutoff] for cutoff in np.unique(walk.cutoffs)]
    return np.sqrt([block.mean() for block in blocks])


def rmse_by_step(walk: Walk) -> FloatArray:
    """(horizon,), from one step ahead."""
    return np.asarray(np.sqrt(_squares(walk).mean(axis=0)))


def _squares(walk: Walk) -> FloatArray:
    with np.errstate(over="ignore", invalid="ignore"):  # a diverged training's are infinite
        return walk.squared_errors
