"""Writes the newest format's folder of served models and their forecasts.

From the project's root: PYTHONPATH=src:. .venv/bin/python tests/data/make_served.py
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path

import mlflow.pyfunc
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lstm_ops.data.contract import check_series
from lstm_ops.data.scaling import fit_scaling
from lstm_ops.data.series import FloatArray
from lstm_ops.data.sources import load_raw
from lstm_ops.data.windows import Parts, split
from lstm_ops.evaluation.conformal import split_margin
from lstm_ops.evaluation.trial import Trial, run_trial
from lstm_ops.experiment import Experiment, load
from lstm_ops.models.catalog import create
from lstm_ops.models.forecaster import Forecaster, ignore_epochs
from lstm_ops.tracking import runs
from lstm_ops.tracking.served.log import CODE, FORMAT, Served, log_model
from lstm_ops.tracking.store import connect

HORIZON = 5
LEVEL = 0.8
ROWS = 45  # enough for 30 one-step errors, or a few more
CASES = {
    "ridge-airline": {
        "forecasters": [
            {
                "kind": "ridge",
                "difference": True,
                "seasonal_lags": {"season_length": 4, "seasons": 2},
                "normalise": "last_scale",
            }
        ],
        "window": {"look_back": 12, "horizon": 2},
        "scaling": "standardise",
    },
    "lstm-airline": {
        "forecasters": [
            {
                "kind": "lstm",
                "units": 2,
                "look_back": 3,
                "difference": True,
                "seasonal_lags": {"season_length": 6},
            }
        ],
        "window": {"look_back": 12, "horizon": 1, "layout": "steps"},
        "training": {"epochs": 2, "batch_size": 8, "learning_rate": 0.01},
        "scaling": "minmax",
    },
    "lags-airline": {
        "forecasters": [{"kind": "linear", "look_back": 2, "seasonal_lags": {"season_length": 9}}],
        "window": {"look_back": 12, "horizon": 3},
    },
}


def make(target: Path, scratch: Path) -> None:
    """One folder for each case."""
    store = connect(f"sqlite:///{scratch}/mlflow.db", scratch / "artifacts")
    for name, overrides in CASES.items():
        recipe = load("airline", overrides)
        series = check_series(load_raw(recipe))
        parts = split(series.values, recipe.split, recipe.window)
        forecaster = create(recipe.forecasters[0], recipe)
        trial = run_trial(forecaster, parts, recipe.scaling, seed=7)
        parent = runs.open_parent(store, "airline", "format", "train", runs.FlowRunLink(name))
        run_id = runs.open_child(store, parent, name, {})
        kind = recipe.forecasters[0].kind
        errors = calibration(forecaster, parts, recipe)
        served = Served("airline", kind, recipe.window, trial.scaling, series.spacing, errors)
        model_id = log_model(store, run_id, trial.fitted, served)
        location = store.client.get_logged_model(model_id).artifact_location
        logged = Path(location.removeprefix("file://"))
        model = Path(shutil.copytree(logged, target / name / "model"))
        about = (model / "MLmodel").read_text()  # names our own files, which are not to be found
        about = re.sub(r"uri: \S+", "uri: /nowhere/forecaster", about)
        (model / "MLmodel").write_text(about.replace(str(CODE), "/nowhere/forecaster.py"))

        history = series.frame[["t", "y"]].tail(ROWS).set_axis(["time", "value"], axis=1)
        loaded = mlflow.pyfunc.load_model(f"models:/{model_id}")
        look_back = loaded.unwrap_python_model().recipe["look_back"]
        times = loaded.predict(history, params={"horizon": HORIZON})["time"]
        expected = {
            "history": {"time": history["time"].astype(str).tolist(), "value": [*history["value"]]},
            "horizon": HORIZON,
            "level": LEVEL,
            "time": [str(time) for time in times],
            **forecast(trial, history["value"].to_numpy(), look_back, errors),
        }
        (target / name / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def calibration(forecaster: Forecaster, parts: Parts, recipe: Experiment) -> FloatArray:
    """Absolute errors on validation of a fit that ends where it begins  # (n, horizon)."""
    scaling = fit_scaling(recipe.scaling, parts.fit_values)
    fit, validation = parts.fit, parts.validation
    scaled = scaling.apply(fit.inputs), scaling.apply(fit.targets)
    fitted = forecaster.fit(*scaled, seed=7, on_epoch=ignore_epochs)
    said = scaling.invert(fitted.predict(scaling.apply(validation.inputs)))
    return np.abs(said - validation.targets)


def forecast(
    trial: Trial, values: FloatArray, look_back: int, errors: FloatArray
) -> dict[str, list[float]]:
    """What the served form should say, by the Python forecaster and the backtest's quantile."""
    scaled = list(trial.scaling.apply(values))
    while len(scaled) < len(values) + HORIZON:
        scaled += list(trial.fitted.predict(np.array([scaled[-look_back:]]))[0])
    said = trial.scaling.invert(np.array(scaled[len(values) :][:HORIZON]))
    windows = sliding_window_view(trial.scaling.apply(values), look_back)[:-1]
    recent = trial.scaling.invert(trial.fitted.predict(windows)[:, :1]) - values[look_back:, None]
    known = np.maximum.accumulate(split_margin(errors, LEVEL))
    beyond = known[-1] * np.sqrt(np.arange(len(known) + 1, HORIZON + 1) / len(known))
    factor = split_margin(np.abs(recent), LEVEL)[0] / known[0]
    margins = np.concatenate([known, beyond])[:HORIZON] * factor
    bounds = {"forecast": said, "lower": said - margins, "upper": said + margins}
    return {name: [float(value) for value in column] for name, column in bounds.items()}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        make(Path(__file__).parent / f"served-format-{FORMAT}", Path(scratch))
