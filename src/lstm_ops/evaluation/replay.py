"""A recorded training or backtest, done again from its experiment and its series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lstm_ops.data.series import Series
from lstm_ops.data.windows import split
from lstm_ops.evaluation import backtest, origins, outcome
from lstm_ops.evaluation.trial import run_trial
from lstm_ops.experiment import Experiment
from lstm_ops.models import catalog

Figures = dict[str, float]
Advance = Callable[[str], object]
"""Called with the name of what was done, after each fit."""

Who = tuple[str, int | None]  # a forecaster and its seed

# How long something took and how fast it was, which is never the same twice; a curve's last point.
APART = ("fit/seconds", "fit/steps_per_second", "train/loss")


def replay_trials(
    recipe: Experiment,
    series: Series,
    wanted: Iterable[Who],
    advance: Advance,
) -> dict[str, Figures]:
    """Metrics of a training's trials, by name; `wanted` are forecasters with their seeds."""
    specs = {spec.name: spec for spec in recipe.forecasters}
    parts = split(series.values, recipe.split, recipe.window, recipe.series)
    metrics = {}
    for name, seed in wanted:
        forecaster = catalog.create(specs[name], recipe)
        trial = run_trial(forecaster, parts, recipe.scaling, seed=seed or 0, signal=series.signal)
        metrics[name, seed] = trial.metrics
        advance(trial_name(name, seed))
    return trial_figures(metrics)


def trial_figures(metrics: Mapping[Who, Mapping[str, float]]) -> dict[str, Figures]:
    """Those that a second time should be equal, by trial."""
    return {
        trial_name(*who): {key: value for key, value in found.items() if key not in APART}
        for who, found in metrics.items()
    }


def replay_backtest(recipe: Experiment, series: Series, advance: Advance) -> dict[str, Figures]:
    """Scores of a backtest by forecaster, seed, cutoff and step ahead; see `backtest_figures`."""
    plan = origins.plan(len(series), recipe)
    results = []
    for piece in backtest.pieces(plan, recipe):
        results.append((piece, backtest.run_piece(piece, series.values, recipe)))
        advance(str(piece))
    found = outcome.judge(results, series, plan, recipe, recipe.series)
    return backtest_figures(outcome.as_dict(found)["scores"])


def backtest_figures(scores: Iterable[dict[str, Any]]) -> dict[str, Figures]:
    """The rows of a backtest's scores by what they are of."""
    of = ("forecaster", "seed", "cutoff", "points", "horizon")
    return {
        f"{trial_name(row['forecaster'], row['seed'])} at {row['points']}, "
        f"{row['horizon']} ahead": {k: v for k, v in row.items() if k not in of}
        for row in scores
    }


def trial_name(forecaster: str, seed: int | None) -> str:
    """As child runs are called."""
    return forecaster if seed is None else f"{forecaster} seed {seed}"
