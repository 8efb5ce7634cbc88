"""A finished run with everything that brings it back: experiment, series, lock, metrics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from lstm_ops.errors import InvalidInput
from lstm_ops.tracking import names, runs
from lstm_ops.tracking.store import Store, reports_trouble

TRAIN, BACKTEST = "train", "backtest"
MISSING = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@dataclass(frozen=True)
class Recorded:
    """`flow` is `train` or `backtest`.

    `trials`: metrics of a training's child runs, by forecaster and seed; `found`: what a backtest
    found, as its JSON has it.
    """

    run_id: str
    flow: str
    experiment: Path
    series: Path
    lock: str | None
    code_digest: str
    data_digest: str
    trials: Mapping[tuple[str, int | None], Mapping[str, float]]
    found: Mapping[str, Any]


@reports_trouble
def recorded(store: Store, run_id: str) -> Recorded:
    """A run, or the parent of a child run.

    Raises `InvalidInput` where there is no such run, it is none of ours, or it did not end well.
    """
    run = _parent(store, _run(store, run_id))
    flow, status = run.data.tags.get(names.FLOW), run.info.status
    if flow not in (TRAIN, BACKTEST):
        raise InvalidInput(
            f"run {run_id} is not of the flows train or backtest; name one of theirs"
        )
    if status != "FINISHED":
        raise InvalidInput(f"run {run.info.run_id} is {status}; needed is one that has FINISHED")
    found = _file(store, run, "backtest.json") if flow == BACKTEST else None
    lock = _file(store, run, "requirements.lock", needed=False)
    return Recorded(
        run_id=run.info.run_id,
        flow=flow,
        experiment=_needed(store, run, "experiment.yaml"),
        series=_needed(store, run, "series.parquet"),
        lock=lock.read_text(encoding="utf-8") if lock else None,
        code_digest=run.data.tags.get(names.CODE_DIGEST, ""),
        data_digest=run.data.tags.get(names.DATA_DIGEST, ""),
        trials=_trials(store, run) if flow == TRAIN else {},
        found=json.loads(found.read_text(encoding="utf-8")) if found else {},
    )


def _run(store: Store, run_id: str) -> Run:
    try:
        return store.client.get_run(run_id)
    except MlflowException as error:
        if error.error_code not in MISSING:
            raise
        raise InvalidInput(
            f"there is no run {run_id!r} in this MLflow store; `make ui` shows those that are"
        ) from None


def _parent(store: Store, run: Run) -> Run:
    parent = run.data.tags.get(names.PARENT_RUN)
    return _run(store, parent) if parent else run


def _trials(store: Store, parent: Run) -> dict[tuple[str, int | None], dict[str, float]]:
    children = runs.find(store, parent.info.experiment_id, {names.PARENT_RUN: parent.info.run_id})
    return {_who(c): dict(c.data.metrics) for c in children if c.info.status == "FINISHED"}


def _who(child: Run) -> tuple[str, int | None]:
    seed = child.data.tags.get(names.SEED)
    return child.data.tags[names.FORECASTER], None if seed is None else int(seed)


def _needed(store: Store, run: Run, name: str) -> Path:
    path = _file(store, run, name)
    assert path is not None
    return path


def _file(store: Store, run: Run, name: str, needed: bool = True) -> Path | None:
    there = {file.path for file in store.client.list_artifacts(run.info.run_id)}
    if name in there:
        return Path(store.client.download_artifacts(run.info.run_id, name))
    if needed:
        raise InvalidInput(f"run {run.info.run_id} has no {name}; it cannot be brought back")
    return None
