"""A recorded training or backtest, done again from its experiment and its series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lstm_ops.data.series import Series
from lstm_ops.data.windows import split
from lstm_ops.evaluation import backtest, origins, outcome
from lstm_ops.evaluation.trial import run_trial
from lstm_ops.experiment import Experiment
from lstm_ops.models import catalog

Who = tuple[str, int | None]  # a forecaster and its seed
Figures = dict[str, dict[str, float | str | None]]
"""Figures by name, by what they are of."""
Advance = Callable[[str], object]
"""Called with the name of what was done, after each fit."""

# How long something took and how fast it was, which is never the same twice; a curve's last point.
APART = ("fit/seconds", "fit/steps_per_second", "train/loss")
SCORED = ("forecaster", "seed", "cutoff", "points", "horizon")  # what a row of scores is of
COMPARED = ("difference", "relative", "statistic", "p", "p_adjusted", "seed_wins", "verdict")


def replay_trials(recipe: Experiment, series: Series, advance: Advance) -> Figures:
    """Metrics of every trial of a training."""
    parts = split(series.values, recipe.split, recipe.window, recipe.series)
    metrics: dict[Who, Mapping[str, float]] = {}
    for spec in recipe.forecasters:
        forecaster = catalog.create(spec, recipe)
        for seed in recipe.seeds if forecaster.stochastic else (None,):
            trial = run_trial(
                forecaster, parts, recipe.scaling, seed=seed or 0, signal=series.signal
            )
            metrics[str(spec.name), seed] = trial.metrics
            advance(trial_name(str(spec.name), seed))
    return trial_figures(metrics)


def trial_figures(metrics: Mapping[Who, Mapping[str, float]]) -> Figures:
    """Those that a second time should be equal, by trial."""
    return {
        trial_name(*who): {key: value for key, value in found.items() if key not in APART}
        for who, found in metrics.items()
    }


def replay_backtest(recipe: Experiment, series: Series, advance: Advance) -> Figures:
    """Scores and comparisons of a backtest."""
    plan = origins.plan(len(series), recipe)
    results = []
    for piece in backtest.pieces(plan, recipe):
        results.append((piece, backtest.run_piece(piece, series.values, recipe)))
        advance(str(piece))
    found = outcome.judge(results, series, plan, recipe, recipe.series)
    return backtest_figures(outcome.as_dict(found))


def backtest_figures(found: Mapping[str, Any]) -> Figures:
    """From what a backtest found, as its JSON has it."""
    scores = {
        f"{trial_name(row['forecaster'], row['seed'])} at {row['points']}, "
        f"{row['horizon']} ahead": {k: v for k, v in row.items() if k not in SCORED}
        for row in found["scores"]
    }
    comparisons = {
        f"{row['a']} against {row['b']}": {key: row[key] for key in COMPARED}
        for row in found["comparisons"]
    }
    return {**scores, **comparisons, "backtest": {"verdict": found["verdict"]}}


def trial_name(forecaster: str, seed: int | None) -> str:
    """As child runs are called."""
    return forecaster if seed is None else f"{forecaster} seed {seed}"
