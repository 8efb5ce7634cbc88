"""Backtests made up by hand: what a forecaster foretold is the truth and an error of given size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstm_ops.data.contract import check_series
from lstm_ops.data.raw import RawSeries
from lstm_ops.evaluation.evidence import compare
from lstm_ops.evaluation.findings import Findings
from lstm_ops.evaluation.walks import Walk, standings
from lstm_ops.experiment import Evaluation, Experiment, PersistenceSpec, SyntheticSource

N_POINTS = 160
Errors = Mapping[str, Sequence[float]]
Make = Callable[..., Findings]


@pytest.fixture(scope="session")
def make_findings() -> Make:
    """Errors of each forecaster, one standard deviation a seed; NaN is a training that diverged.

    A forecaster's kind is what its name says before a `/`.
    """

    def make(
        errors: Errors,
        horizon: int = 1,
        cutoffs: int = 3,
        dates: bool = False,
        floor: float | None = None,
        origins: int = 48,
        **evaluation: Any,
    ) -> Findings:
        values = np.sin(np.arange(N_POINTS) / 5) + 3
        days = pd.Series(pd.date_range("2020-01-01", periods=N_POINTS, freq="D"))
        times = days if dates else pd.Series(np.arange(N_POINTS) / 10)
        series = check_series(RawSeries("waves", times, pd.Series(values), "here"))
        walks = [
            _walk(name, seed if len(sizes) > 1 else None, size, values, horizon, cutoffs, origins)
            for name, sizes in errors.items()
            for seed, size in enumerate(sizes)
        ]
        settings = Evaluation(horizon=horizon, **evaluation)
        with np.errstate(all="ignore"):
            comparisons = compare(walks, 1, settings.confidence)
        return Findings(
            "trial",
            Experiment(
                series="waves",
                source=SyntheticSource(kind="synthetic"),
                forecasters=(PersistenceSpec(kind="persistence"),),
                evaluation=settings,
            ),
            series,
            walks,
            standings(walks, floor),
            comparisons,
            floor,
        )

    return make


def _walk(
    name: str,
    seed: int | None,
    size: float,
    values: Any,
    horizon: int,
    n_cutoffs: int,
    n_origins: int,
) -> Walk:
    origins = np.arange(N_POINTS - horizon - n_origins, N_POINTS - horizon) + 1
    actual = values[origins[:, np.newaxis] + np.arange(horizon)]
    rng = np.random.default_rng(len(name) + (seed or 0))
    cutoffs = np.concatenate([np.full(len(b), b[0]) for b in np.array_split(origins, n_cutoffs)])
    return Walk(
        forecaster=name,
        kind=name.split("/")[0],
        seed=seed,
        cutoffs=cutoffs,
        origins=origins,
        actual=actual,
        forecasts=actual + size * rng.normal(size=actual.shape),
        adaptive=np.abs(size) * rng.uniform(1, 2, actual.shape),
        split=np.full(actual.shape, 1.5 * np.abs(size)),
        scale=np.ones((len(origins), 1)),
    )
