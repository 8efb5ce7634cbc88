"""Choosing the settings of experiments/best.yaml: as many candidates for each of the networks.

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

FIXED: dict[str, dict[str, Any]] = {
    "ridge": {},
    "lstm": {"units": 16, "look_back": 64},
    "gru": {"units": 16, "look_back": 64},
    "feedforward": {"hidden": [32], "look_back": 64},
}
Grid = dict[str, tuple[Any, ...]]
OF_NETWORKS: Grid = {
    "normalise": ("last", "last_scale"),
    "batch_size": (8, 32),
    "learning_rate": (0.001, 0.003, 0.01),
}
OF_RIDGE: Grid = {"look_back": (64, 256, 512), "alpha": (0.1, 1.0, 10.0, 100.0)}


def main() -> None:
    """Print a table of every candidate, best first."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tuning", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", choices=FIXED)
    options = parser.parse_args()
    rows = []
    for kind in [options.only] if options.only else FIXED:
        for choice in candidates(OF_RIDGE if kind == "ridge" else OF_NETWORKS):
            rows.append(_row(kind, choice, options.seeds))
            print(rows[-1], flush=True)
    print(markdown(sorted(rows, key=lambda row: (row["forecaster"], row["× noise floor"]))))


def candidates(grid: Grid) -> Iterator[dict[str, Any]]:
    """Every combination of the grid, for every network alike."""
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def _row(kind: str, choice: dict[str, Any], seeds: int) -> dict[str, Any]:
    spec = {"kind": kind, **FIXED[kind], **choice}
    recipe = experiments.load("best", {"forecasters": [spec]})
    started = time.perf_counter()
    errors = [_error(recipe, seed) for seed in range(seeds)]
    seconds = (time.perf_counter() - started) / seeds
    return {
        "forecaster": kind,
        "settings": ", ".join(f"{key} {value}" for key, value in choice.items()),
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
