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

from lstm_ops.data.contract import check_series
from lstm_ops.data.sources import load_raw
from lstm_ops.data.windows import split
from lstm_ops.evaluation.trial import run_trial
from lstm_ops.experiment import load
from lstm_ops.models.catalog import create
from lstm_ops.tracking import runs
from lstm_ops.tracking.served.log import CODE, FORMAT, Served, log_model
from lstm_ops.tracking.store import connect

HORIZON = 5
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
        served = Served("airline", kind, recipe.window, trial.scaling, series.spacing)
        model_id = log_model(store, run_id, trial.fitted, served)
        location = store.client.get_logged_model(model_id).artifact_location
        logged = Path(location.removeprefix("file://"))
        model = Path(shutil.copytree(logged, target / name / "model"))
        about = (model / "MLmodel").read_text()  # names our own files, which are not to be found
        about = re.sub(r"uri: \S+", "uri: /nowhere/forecaster", about)
        (model / "MLmodel").write_text(about.replace(str(CODE), "/nowhere/forecaster.py"))

        history = series.frame[["t", "y"]].tail(12).set_axis(["time", "value"], axis=1)
        scaled = list(trial.scaling.apply(history["value"].to_numpy()))
        while len(scaled) < len(history) + HORIZON:
            window = np.array([scaled[-recipe.window.look_back :]])
            scaled += list(trial.fitted.predict(window)[0])
        ahead = trial.scaling.invert(np.array(scaled[len(history) :][:HORIZON]))
        times = mlflow.pyfunc.load_model(f"models:/{model_id}").predict(
            history, params={"horizon": HORIZON}
        )["time"]
        expected = {
            "history": {"time": history["time"].astype(str).tolist(), "value": [*history["value"]]},
            "horizon": HORIZON,
            "time": [str(time) for time in times],
            "forecast": [float(value) for value in ahead],
        }
        (target / name / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        make(Path(__file__).parent / f"served-format-{FORMAT}", Path(scratch))
