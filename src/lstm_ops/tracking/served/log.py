"""Writing a fitted forecaster in its served form, as a logged model of its run."""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

from lstm_ops import project
from lstm_ops.data.scaling import Scaling
from lstm_ops.data.series import FloatArray
from lstm_ops.data.spacing import Spacing
from lstm_ops.experiment import Window
from lstm_ops.models.forecaster import Fitted
from lstm_ops.tracking.store import Store, reports_trouble

CODE = Path(__file__).with_name("forecaster.py")
FORMAT = 4
CALIBRATION = "calibration.npy"
MOST_ERRORS = 300  # rows of calibration, the newest: what the adaptive intervals look at, too
# MLflow runs the code file through a global to see that it sets a model: one thread at a time.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Served:
    """What the served form holds besides the fitted forecaster itself.

    `calibration`: (m, steps), oldest first: absolute errors, in units of the series, of forecasts
    j + 1 steps ahead on points that the calibrating fit had not seen; NaN where an origin has no
    such target. Without it the version gives no intervals. `level`: the share of outcomes that
    they should hold where nobody asks for another.
    """

    series: str
    forecaster: str
    window: Window
    scaling: Scaling
    spacing: Spacing
    calibration: FloatArray | None = None
    level: float = 0.9


@reports_trouble
def log_model(store: Store, run_id: str, fitted: Fitted, served: Served) -> str:
    """Log the forecaster as a model of its run; gives the logged model's id.

    Signature and requirements are given, so that MLflow need not load the model to guess them.
    """
    run = store.client.get_run(run_id)
    model = store.client.create_logged_model(
        run.info.experiment_id, served.forecaster, run_id, params=run.data.params
    )
    try:
        with tempfile.TemporaryDirectory() as scratch:
            _save(Path(scratch), fitted, served, Model(run_id=run_id, model_id=model.model_id))
            store.client.log_model_artifacts(model.model_id, str(Path(scratch) / "model"))
    except BaseException:
        store.client.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
        raise
    store.client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    store.client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    return str(model.model_id)


def _save(scratch: Path, fitted: Fitted, served: Served, about: Model) -> None:
    bundle = scratch / "forecaster"
    bundle.mkdir()
    recipe = _recipe(bundle, fitted, served)
    (bundle / "recipe.json").write_text(json.dumps(recipe, indent=1), encoding="utf-8")
    manifest = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in bundle.iterdir()}
    (bundle / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    with _one_at_a_time, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s).*input example was not provided")
        mlflow.pyfunc.save_model(
            scratch / "model",
            mlflow_model=about,
            python_model=str(CODE),
            artifacts={"forecaster": str(bundle)},
            signature=signature(served),
            pip_requirements=_requirements(recipe["family"]),
        )


def _recipe(bundle: Path, fitted: Fitted, served: Served) -> dict[str, Any]:
    family = fitted.save(bundle)
    return {
        "format": FORMAT,
        "series": served.series,
        "forecaster": served.forecaster,
        "look_back": served.window.look_back,
        "horizon": served.window.horizon,
        "scaling": served.scaling.as_dict(),
        "spacing": served.spacing.as_dict(),
        "level": served.level,
        "calibration": _save_calibration(bundle, served.calibration),
        **family,
    }


def _save_calibration(bundle: Path, errors: FloatArray | None) -> str | None:
    """The file's name, if there are errors."""
    if errors is None:
        return None
    newest = np.asarray(errors[-MOST_ERRORS:], dtype=np.float64)
    np.save(bundle / CALIBRATION, newest, allow_pickle=False)
    return CALIBRATION


def signature(served: Served) -> ModelSignature:
    """History in, forecasts and intervals out; how far ahead, and the intervals' level."""
    time = DataType.double if served.spacing.unit == "number" else DataType.datetime
    return ModelSignature(
        inputs=Schema([ColSpec(time, "time"), ColSpec(DataType.double, "value")]),
        outputs=Schema(
            [
                ColSpec(time, "time"),
                *(ColSpec(DataType.double, name) for name in ("forecast", "lower", "upper")),
            ]
        ),
        params=ParamSchema(
            [
                ParamSpec("horizon", DataType.long, served.window.horizon),
                ParamSpec("level", DataType.double, served.level),
            ]
        ),
    )


def _requirements(family: str) -> list[str]:
    networks = ("keras", "tensorflow") if family == "keras" else ()
    return project.locked_requirements("mlflow", "numpy", "pandas", *networks)
