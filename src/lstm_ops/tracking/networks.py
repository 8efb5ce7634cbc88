"""The LSTM of a training: which run, which files, and the series that it saw."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow.artifacts
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from lstm_ops.errors import InvalidInput
from lstm_ops.tracking import names
from lstm_ops.tracking.store import Store, reports_trouble

# Fits of a backtest are scored and forgotten: they have no model.
LSTM = (
    "params.`forecaster.kind` = 'lstm' and attributes.status = 'FINISHED' "
    f"and tags.`{names.FLOW}` != 'backtest'"
)
BUNDLE = "artifacts/forecaster"


@dataclass(frozen=True)
class TrainedNetwork:
    """A logged LSTM. `recipe` and `network` are what its served form holds; `experiment` and
    `series` the files of its training that bring it back. `source` says in words what this is."""

    network: Path
    recipe: dict[str, Any]
    experiment: Path
    series: Path
    source: str


@reports_trouble
def newest_lstm(store: Store, series: str, experiment: str) -> TrainedNetwork:
    """The newest LSTM that this experiment trained. Raises `InvalidInput` if there is none."""
    found = store.client.get_experiment_by_name(series)
    condition = f"tags.`{names.EXPERIMENT}` = '{experiment}' and {LSTM}"
    runs = _newest(store, found.experiment_id, condition) if found else []
    if not runs:
        raise InvalidInput(
            f"experiment {experiment!r} has trained no LSTM yet; first: "
            f"make run EXPERIMENT={experiment}"
        )
    return _trained(store, runs[0], f"newest LSTM of experiment {experiment!r}")


@reports_trouble
def lstm_of_version(store: Store, uri: str) -> TrainedNetwork:
    """The LSTM behind `models:/NAME@ALIAS` or `models:/NAME/VERSION`.

    Where that is none: the LSTM of the same flow run, else the newest of the same experiment.
    Raises `InvalidInput` for a name, alias or version that is not there, saying what is.
    """
    version = _version(store, uri)
    run = store.client.get_run(version.run_id)
    kind = run.data.params.get("forecaster.kind")
    if kind == "lstm":
        return _trained(store, run, f"{uri}, version {version.version}")
    beside = {
        names.FLOW_RUN_ID: "this is the LSTM of the same training",
        names.EXPERIMENT: "this is the newest LSTM of its experiment",
    }
    for tag, told in beside.items():
        condition = f"tags.`{tag}` = '{run.data.tags.get(tag, '')}' and {LSTM}"
        if runs := _newest(store, run.info.experiment_id, condition):
            return _trained(store, runs[0], f"{uri} is a {kind}; {told}")
    raise InvalidInput(f"{uri} is a {kind}, and its training had no LSTM; name another one")


def _newest(store: Store, experiment_id: str, condition: str) -> list[Run]:
    order = ["attributes.start_time DESC"]
    return list(store.client.search_runs([experiment_id], condition, order_by=order, max_results=1))


def _trained(store: Store, run: Run, source: str) -> TrainedNetwork:
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{_model_id(store, run)}")) / BUNDLE
    recipe = json.loads(_checked(folder, "recipe.json").read_text(encoding="utf-8"))
    parent = run.data.tags[names.PARENT_RUN]
    return TrainedNetwork(
        network=_checked(folder, recipe["network"]),
        recipe=recipe,
        experiment=_own_or(store, run.info.run_id, parent, "experiment.yaml"),
        series=_artifact(store, parent, "series.parquet"),
        source=f"{source}, run {run.info.run_name} ({run.info.run_id})",
    )


def _model_id(store: Store, run: Run) -> str:
    outputs = store.client.get_run(run.info.run_id).outputs  # a search leaves them out
    if outputs is None or not outputs.model_outputs:
        raise InvalidInput(f"run {run.info.run_id} has no model left; train again, or name another")
    return str(outputs.model_outputs[0].model_id)


def _checked(folder: Path, name: str) -> Path:
    """A file of the bundle whose checksum is still that of its manifest."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    content = (folder / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest[name]:
        raise MlflowException(f"{name} is not the file that was logged: its checksum differs")
    return folder / name


def _own_or(store: Store, run_id: str, parent: str, name: str) -> Path:
    """A version made by the gate has the recipe of its forecaster beside it."""
    own = name in {file.path for file in store.client.list_artifacts(run_id)}
    return _artifact(store, run_id if own else parent, name)


def _artifact(store: Store, run_id: str, name: str) -> Path:
    return Path(store.client.download_artifacts(run_id, name))


def _version(store: Store, uri: str) -> Any:
    name, _, alias = uri.removeprefix("models:/").partition("@")
    if not alias:
        name, _, number = name.partition("/")
    try:
        if alias:
            return store.client.get_model_version_by_alias(name, alias)
        return store.client.get_model_version(name, number)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        raise InvalidInput(f"there is no {uri}. {_what_exists(store, name)}") from None


def _what_exists(store: Store, name: str) -> str:
    models = {model.name: model for model in store.client.search_registered_models()}
    if name not in models:
        return f"Registered models: {', '.join(sorted(models)) or 'none; first: make run'}"
    aliases = ", ".join(f"@{alias}" for alias in sorted(models[name].aliases)) or "none"
    return f"{name} has the aliases {aliases}, and versions that `make ui` shows"
