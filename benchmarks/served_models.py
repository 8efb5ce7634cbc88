"""Versions of the tutorial's series, registered as a flow does, and what their intervals hold.

Called by `benchmarks.serving` in a process of its own: what runs here imports TensorFlow.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np

from lstm_ops import experiment as experiments
from lstm_ops.data import series as series_files
from lstm_ops.data.contract import check_series
from lstm_ops.data.scaling import fit_scaling
from lstm_ops.data.series import FloatArray, Series
from lstm_ops.data.sources import load_raw
from lstm_ops.data.windows import Parts, split
from lstm_ops.evaluation.trial import run_trial
from lstm_ops.experiment import Experiment, SyntheticSource
from lstm_ops.models.catalog import create
from lstm_ops.models.forecaster import ignore_epochs
from lstm_ops.stack import store as local_store
from lstm_ops.tracking import registry, runs
from lstm_ops.tracking.served import forecaster as served_code
from lstm_ops.tracking.served.log import Served, log_model
from lstm_ops.tracking.store import connect

LEVEL = 0.9
NORMAL = 1.6449  # half the width, in sd, of what holds 90 % of a normal distribution
QUARTERS = 4


def register(overrides: dict[str, Any]) -> str:
    """Fit on train, calibrate on validation, log and register; the version's number."""
    recipe = experiments.load("tutorial", overrides)
    series, spec = check_series(load_raw(recipe)), recipe.forecasters[0]
    parts = split(series.values, recipe.split, recipe.window)
    trial = run_trial(create(spec, recipe), parts, recipe.scaling, seed=7)
    store = connect(local_store.uri(), local_store.artifacts())
    link = runs.FlowRunLink(f"{spec.kind} {recipe.window.look_back}")
    parent = runs.open_parent(store, recipe.series, "benchmark", "train", link)
    run_id = runs.open_child(store, parent, spec.kind, {})
    folder = Path("report")
    folder.mkdir(exist_ok=True)
    series_files.save(series, folder / "series.parquet")
    runs.log_folder(store, parent, folder)
    errors = _validation_errors(recipe, parts)
    served = Served(
        recipe.series, spec.kind, recipe.window, trial.scaling, series.spacing, errors, LEVEL
    )
    model_id = log_model(store, run_id, trial.fitted, served)
    return registry.register(store, recipe.series, model_id, run_id, spec.kind)


def _validation_errors(recipe: Experiment, parts: Parts) -> FloatArray:
    """Absolute, of a fit that ends where validation begins  # (n, horizon)."""
    scaling, fit, validation = (
        fit_scaling(recipe.scaling, parts.fit_values),
        parts.fit,
        parts.validation,
    )
    fitted = create(recipe.forecasters[0], recipe).fit(
        scaling.apply(fit.inputs), scaling.apply(fit.targets), seed=7, on_epoch=ignore_epochs
    )
    forecasts = scaling.invert(fitted.predict(scaling.apply(validation.inputs)))
    return np.asarray(np.abs(forecasts - validation.targets))


def coverage(overrides: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Of one-step intervals over the test part, with the recent factor and without it.

    The model is served once, fitted on train, and sees all history before each point.
    """
    recipe = experiments.load("tutorial", overrides)
    series = check_series(load_raw(recipe))
    first = len(split(series.values, recipe.split, recipe.window).train_values)
    uri = f"models:/{recipe.series}/{register(overrides)}"
    model = mlflow.pyfunc.load_model(uri).unwrap_python_model()
    table = series.frame[["t", "y"]].set_axis(["time", "value"], axis=1)
    answers = [model.predict(None, table.iloc[:n]).iloc[0] for n in range(first, len(table))]
    forecasts = np.array([answer["forecast"] for answer in answers])
    half = np.array([answer["upper"] for answer in answers]) - forecasts
    alone = np.full(len(half), served_code.margins(model.errors, LEVEL, 1)[0])
    missed, noise = np.abs(series.values[first:] - forecasts), _noise(recipe, series)[first:]
    return {
        "with the recent factor": _figures(missed, half, noise),
        "stored errors alone": _figures(missed, alone, noise),
    }


def _noise(recipe: Experiment, series: Series) -> FloatArray:
    """Half the width of what holds LEVEL of the tutorial's noise, which grows  # (n_points,)."""
    source = recipe.source
    assert isinstance(source, SyntheticSource)
    assert source.growth is not None
    times = series.frame["t"].to_numpy(dtype=np.float64)
    return np.asarray(NORMAL * source.noise * source.wave_scale * times / source.growth)


def _figures(missed: FloatArray, half: FloatArray, noise: FloatArray) -> dict[str, float]:
    inside = missed <= half
    quarters = [float(part.mean()) for part in np.array_split(inside, QUARTERS)]
    return {
        "points": float(len(inside)),
        "coverage": float(inside.mean()),
        "lowest": min(quarters),
        "highest": max(quarters),
        "width": float((half / noise).mean()),
    }


def main() -> None:
    """`register` or `coverage`, and overrides as JSON; the answer as JSON on the last line."""
    what, overrides = {"register": register, "coverage": coverage}[sys.argv[1]], sys.argv[2]
    print(json.dumps(what(json.loads(overrides))))


if __name__ == "__main__":
    main()
