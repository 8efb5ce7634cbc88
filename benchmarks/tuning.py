"""Choosing how the networks of experiments/best.yaml are trained: the same grid for each of them.

python -m benchmarks.tuning [--seeds 2] [--only lstm]

Everything is scored on the validation part, the last fifth of train: the test part plays no role.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Iterator
from typing import Any

from lstm_ops import experiment as experiments
from lstm_ops.data.contract import check_series
from lstm_ops.data.sources import load_raw
from lstm_ops.data.windows import split
from lstm_ops.evaluation.text import markdown
from lstm_ops.evaluation.trial import noise_floor, validation_rmse
from lstm_ops.experiment import Experiment
from lstm_ops.models import catalog

NETWORKS: dict[str, dict[str, Any]] = {
    "lstm": {"units": 16},
    "gru": {"units": 16},
    "feedforward": {"hidden": [32]},
}
GRID: dict[str, tuple[Any, ...]] = {
    "normalise": ("last", "last_scale"),
    "batch_size": (8, 32),
    "learning_rate": (0.001, 0.003, 0.01),
}


def main() -> None:
    """Print a table of every candidate, best first."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tuning", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", choices=NETWORKS)
    options = parser.parse_args()
    rows = []
    for kind in [options.only] if options.only else NETWORKS:
        for choice in candidates():
            rows.append(_row(kind, choice, options.seeds))
            print(rows[-1], flush=True)
    print(markdown(sorted(rows, key=lambda row: (row["network"], row["× noise floor"]))))


def candidates() -> Iterator[dict[str, Any]]:
    """Every combination of the grid, for every network alike."""
    for values in itertools.product(*GRID.values()):
        yield dict(zip(GRID, values, strict=True))


def _row(kind: str, choice: dict[str, Any], seeds: int) -> dict[str, Any]:
    spec = {"kind": kind, "look_back": 64, **NETWORKS[kind], **choice}
    recipe = experiments.load("best", {"forecasters": [spec]})
    started = time.perf_counter()
    errors = [_error(recipe, seed) for seed in range(seeds)]
    seconds = (time.perf_counter() - started) / seeds
    return {
        "network": kind,
        **choice,
        "× noise floor": statistics.mean(errors),
        "s a fit": seconds,
    }


def _error(recipe: Experiment, seed: int) -> float:
    """Validation RMSE over the noise floor of the validation part."""
    series = check_series(load_raw(recipe))
    assert series.signal is not None
    parts = split(series.values, recipe.split, recipe.window)
    forecaster = catalog.create(recipe.forecasters[0], recipe)
    error = validation_rmse(forecaster, parts, recipe.scaling, seed)
    return error / noise_floor(parts.validation, series.signal)


if __name__ == "__main__":
    main()
