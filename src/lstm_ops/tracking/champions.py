"""Registered versions, found and loaded: what production reads when it says @champion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow.artifacts
import mlflow.pyfunc
import numpy as np
import pandas as pd
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel

from lstm_ops.data.series import FloatArray
from lstm_ops.data.spacing import Spacing
from lstm_ops.errors import ChampionUnusable, InvalidInput
from lstm_ops.redaction import redacted
from lstm_ops.tracking import names
from lstm_ops.tracking.store import Store, reports_trouble

RECIPE = "experiment.yaml"
CALIBRATION = "calibration.npy"
UNKNOWN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@dataclass(frozen=True)
class Version:
    """A version of a series' model, as the registry has it; nothing of it is loaded.

    `recipe` and `cutoff` (the last time that its fit has seen) are empty where it was registered
    before they were noted.
    """

    series: str
    number: str
    forecaster: str
    recipe: str
    cutoff: str
    run_id: str

    def __str__(self) -> str:
        return f"version {self.number} ({self.forecaster})"


@dataclass(frozen=True)
class Loaded:
    """A version ready to forecast. `look_back`: rows of history that it needs at least."""

    version: Version
    look_back: int
    spacing: Spacing
    model: PyFuncModel

    def forecast(
        self, times: pd.Series, values: pd.Series, horizon: int, level: float | None = None
    ) -> pd.DataFrame:
        """Columns time and forecast, of newer versions also lower and upper; a row a step.

        `times`, `values`: the newest history, oldest first; with more rows than `look_back` newer
        versions know how far off they were lately. Raises `ChampionUnusable` where it fails.
        """
        history = pd.DataFrame({"time": times, "value": values})
        about: Any = self.model.metadata  # not annotated
        known = {parameter.name for parameter in about.get_params_schema() or []}
        wished = {"horizon": horizon, "level": level}
        params = {k: v for k, v in wished.items() if k in known and v is not None}
        try:
            return pd.DataFrame(self.model.predict(history, params=params))
        except Exception as error:  # whatever its own code raises
            raise _unusable(self.version, "does not forecast", error) from None


@reports_trouble
def find(store: Store, series: str, which: str) -> Version:
    """By alias, or by number. Raises `InvalidInput` where there is no such series or version."""
    version = look(store, series, which)
    if version is None:
        raise InvalidInput(f"{_there_is_no(series, which)}; {_there_are(store, series)}")
    return version


@reports_trouble
def look(store: Store, series: str, which: str) -> Version | None:
    """By alias, or by number; None where there is none."""
    try:
        if which.isdigit():
            return _version(store, store.client.get_model_version(series, which))
        return _version(store, store.client.get_model_version_by_alias(series, which))
    except MlflowException as error:
        if error.error_code not in UNKNOWN:
            raise
        return None


@reports_trouble
def recipe_of(store: Store, version: Version) -> Path | None:
    """The experiment file of its training, of which it is the forecaster; None where it is gone."""
    run = _run(store, version.run_id)
    if run is None:
        return None
    for run_id in (version.run_id, run.data.tags.get(names.PARENT_RUN)):
        if run_id and RECIPE in {file.path for file in store.client.list_artifacts(run_id)}:
            return Path(store.client.download_artifacts(run_id, RECIPE))
    return None


@reports_trouble
def megabytes(store: Store, model_id: str) -> float:
    """Of everything that is fetched to load a logged model."""
    return _bytes(store, model_id, None) / 1e6


def _bytes(store: Store, model_id: str, folder: str | None) -> int:
    files = store.client.list_logged_model_artifacts(model_id, folder)
    return sum(_bytes(store, model_id, f.path) if f.is_dir else f.file_size or 0 for f in files)


def those_registered(store: Store) -> str:
    """In words, every series that has versions."""
    found = sorted(model.name for model in store.client.search_registered_models())
    return (
        f"there are: {', '.join(found)}"
        if found
        else "none is yet. First: make run EXPERIMENT=NAME"
    )


@reports_trouble
def calibration(store: Store, version: Version) -> list[FloatArray]:
    """Absolute errors that a version holds, an array a step; none where it was never calibrated.

    Reads the file alone: nothing is loaded, and no TensorFlow imported.
    """
    mlflow.set_tracking_uri(store.uri)
    uri = f"models:/{version.series}/{version.number}"
    folder = Path(mlflow.artifacts.download_artifacts(uri))
    file = next(folder.rglob(CALIBRATION), None)
    if file is None:
        return []
    steps = [column[np.isfinite(column)] for column in np.load(file, allow_pickle=False).T]
    return steps[: next((k for k, step in enumerate(steps) if not len(step)), len(steps))]


def load(store: Store, version: Version, model_id: str | None = None) -> Loaded:
    """With its files checked. Raises `ChampionUnusable` where it cannot be loaded.

    `model_id`: the logged model, where it is not registered yet.
    """
    mlflow.set_tracking_uri(store.uri)
    try:
        model = mlflow.pyfunc.load_model(
            f"models:/{model_id or f'{version.series}/{version.number}'}"
        )
        recipe: Mapping[str, Any] = model.unwrap_python_model().recipe
        return Loaded(version, recipe["look_back"], Spacing(**recipe["spacing"]), model)
    except Exception as error:  # of MLflow, of the store, of the version's own code
        _require_answer(store)
        raise _unusable(version, "cannot be loaded", error) from None  # it may tell a password


def _version(store: Store, found: ModelVersion) -> Version:
    tags = dict(found.tags)
    cutoff = tags.get(names.VERSION_CUTOFF) or _cutoff_of(store, found.run_id)
    return Version(
        series=found.name,
        number=str(found.version),
        forecaster=tags.get(names.VERSION_FORECASTER, "unknown"),
        recipe=tags.get(names.VERSION_RECIPE, ""),
        cutoff=cutoff,
        run_id=found.run_id or "",
    )


def _cutoff_of(store: Store, run_id: str | None) -> str:
    """Of versions registered before it was noted on them: that of their training."""
    run = _run(store, run_id)
    return str(run.data.tags.get(names.CUTOFF, "")) if run else ""


def _run(store: Store, run_id: str | None) -> Run | None:
    """None where it was purged."""
    if not run_id:
        return None
    try:
        return store.client.get_run(run_id)
    except MlflowException as error:
        if error.error_code not in UNKNOWN:
            raise
        return None


@reports_trouble
def _require_answer(store: Store) -> None:
    """Raises `TrackingUnavailable` where it is the store that is the trouble."""
    store.client.search_experiments(max_results=1)


def _there_is_no(series: str, which: str) -> str:
    what = f"version {which}" if which.isdigit() else f"@{which}"
    return f"there is no {what} of {series!r} in the registry"


def _there_are(store: Store, series: str) -> str:
    numbers = [int(v.version) for v in store.client.search_model_versions(f"name = '{series}'")]
    if not numbers:
        return f"nothing is registered under that name; {those_registered(store)}"
    shown = ", ".join(map(str, sorted(numbers)[-10:]))
    return f"its {'newest ' if len(numbers) > 10 else ''}versions are {shown}"


def _unusable(version: Version, what: str, error: Exception) -> ChampionUnusable:
    reason = redacted(" ".join(str(error).split()))[:400]
    return ChampionUnusable(
        f"{version} of {version.series!r} {what}: {reason}. Nothing was changed. Roll back with "
        f"`lstm-ops champion rollback {version.series} --because …`, or mend the store"
    )
