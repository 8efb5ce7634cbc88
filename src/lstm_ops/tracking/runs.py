"""Runs: a parent for each training, a child for each forecaster and seed. Ids are explicit."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from mlflow.entities import Metric, Param, Run, RunStatus, RunTag, ViewType

from lstm_ops.tracking import names
from lstm_ops.tracking.process import this_process
from lstm_ops.tracking.store import Store, experiment_id, reports_trouble

METRICS_A_CALL = 1000
PARAMETERS_A_CALL = 100


@dataclass(frozen=True)
class FlowRunLink:
    """The Prefect flow run that a training belongs to. No `url` where its server has no address."""

    id: str
    url: str | None = None


@reports_trouble
def open_parent(store: Store, series: str, name: str, flow: str, link: FlowRunLink) -> str:
    """The run of a training; a re-run of the same flow run takes its own up again."""
    experiment = experiment_id(store, series)
    found = find(store, experiment, {names.FLOW_RUN_ID: link.id, names.FLOW: flow})
    parents = [run for run in found if names.PARENT_RUN not in run.data.tags]
    tags = {
        names.FLOW: flow,
        names.SERIES: series,
        names.FLOW_RUN_ID: link.id,
        **({names.FLOW_RUN_URL: link.url} if link.url else {}),
    }
    if parents:
        return _take_up(store, parents[0].info.run_id)
    return _create(store, experiment, name, tags)


@dataclass(frozen=True)
class Parent:
    """A run that others belong to, and what they inherit of its tags."""

    run_id: str
    experiment: str
    tags: Mapping[str, str]


@reports_trouble
def as_parent(store: Store, run_id: str) -> Parent:
    """A run, to add children to."""
    run = store.client.get_run(run_id)
    inherited = {
        key: value
        for key, value in run.data.tags.items()
        if key.startswith(("lstm_ops.", "prefect.")) and key != names.ERROR
    }
    return Parent(run_id, run.info.experiment_id, inherited)


@reports_trouble
def add_child(store: Store, parent: Parent, name: str, tags: Mapping[str, str]) -> str:
    """A child run that no earlier try can have left behind."""
    own = {**parent.tags, **tags, names.PARENT_RUN: parent.run_id}
    return _create(store, parent.experiment, name, own)


@reports_trouble
def open_child(store: Store, run_id: str, name: str, tags: Mapping[str, str]) -> str:
    """A fresh child run. One that an earlier try left behind is closed as FAILED, not doubled."""
    parent = as_parent(store, run_id)
    wanted = {names.PARENT_RUN: run_id, "mlflow.runName": name}
    for earlier in find(store, parent.experiment, wanted):
        _discard(store, earlier)
    return add_child(store, parent, name, tags)


@reports_trouble
def log(
    store: Store,
    run_id: str,
    *,
    parameters: Mapping[str, object] | None = None,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
    losses: Iterable[float] = (),
    model_id: str | None = None,
) -> None:
    """Everything in as few calls as MLflow allows. `losses` are train/loss by epoch from 1."""
    now = int(time.time() * 1000)
    points = [
        Metric(key, value, now, 0, model_id=model_id, run_id=run_id)
        for key, value in (metrics or {}).items()
    ]
    points += [Metric("train/loss", loss, now, epoch) for epoch, loss in enumerate(losses, 1)]
    settings = [Param(key, str(value)) for key, value in (parameters or {}).items()]
    labels = [RunTag(key, value) for key, value in (tags or {}).items()]
    for start in range(0, max(len(points), 1), METRICS_A_CALL - PARAMETERS_A_CALL):
        chunk = points[start : start + METRICS_A_CALL - PARAMETERS_A_CALL]
        first = start == 0
        store.client.log_batch(
            run_id, chunk, settings[:PARAMETERS_A_CALL] if first else (), labels if first else ()
        )
    for start in range(PARAMETERS_A_CALL, len(settings), PARAMETERS_A_CALL):
        store.client.log_batch(run_id, params=settings[start : start + PARAMETERS_A_CALL])


@reports_trouble
def log_folder(store: Store, run_id: str, folder: Path) -> None:
    """Every file of a folder, as artifacts under the same names."""
    store.client.log_artifacts(run_id, str(folder))


@reports_trouble
def log_table(store: Store, run_id: str, name: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Rows as a table that MLflow's UI shows, and as CSV."""
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    # As `log_table` writes it, which would add the rows to those of an earlier try.
    table = {"columns": list(columns), "data": [list(row.values()) for row in rows]}
    store.client.log_dict(run_id, table, f"{name}.json")
    store.client.log_text(run_id, pd.DataFrame(columns).to_csv(index=False), f"{name}.csv")


@reports_trouble
def finish(store: Store, run_id: str) -> None:
    """The run ended well."""
    store.client.set_terminated(run_id, RunStatus.to_string(RunStatus.FINISHED))


@reports_trouble
def last_end(store: Store, series: str, flow: str) -> datetime | None:
    """When the latest run of a flow that did its work has ended, in UTC; None where none has."""
    done = find(store, experiment_id(store, series), {names.FLOW: flow}, "FINISHED")
    ends = [
        run.info.end_time
        for run in done
        if names.PARENT_RUN not in run.data.tags and names.SKIPPED not in run.data.tags
    ]
    return datetime.fromtimestamp(max(ends) / 1000, UTC) if ends else None


@reports_trouble
def fail_training(store: Store, flow_run_id: str, reason: str, *, killed: bool = False) -> int:
    """Close whatever a flow run left open, as FAILED or KILLED; how many runs that were."""
    everywhere = [e.experiment_id for e in store.client.search_experiments()]
    open_runs = [
        run
        for run in find(store, everywhere, {names.FLOW_RUN_ID: flow_run_id})
        if run.info.status == "RUNNING"
    ]
    for run in open_runs:
        close_badly(store, run.info.run_id, reason, killed=killed)
    return len(open_runs)


def close_badly(store: Store, run_id: str, reason: str, *, killed: bool = False) -> None:
    """FAILED or KILLED, with the reason where people look for it."""
    store.client.set_tag(run_id, names.ERROR, reason[:5000])
    status = RunStatus.KILLED if killed else RunStatus.FAILED
    store.client.set_terminated(run_id, RunStatus.to_string(status))


def _create(store: Store, experiment: str, name: str, tags: Mapping[str, str]) -> str:
    about = {
        names.SOURCE: f"flows.{tags[names.FLOW]}",
        names.USER: user(),
        names.PROCESS: this_process(),
    }
    run = store.client.create_run(experiment, run_name=name, tags={**tags, **about})
    return str(run.info.run_id)


def _take_up(store: Store, run_id: str) -> str:
    store.client.update_run(run_id, status="RUNNING")
    store.client.set_tag(run_id, names.PROCESS, this_process())
    if names.ERROR in store.client.get_run(run_id).data.tags:
        store.client.delete_tag(run_id, names.ERROR)
    return run_id


def _discard(store: Store, run: Run) -> None:
    """An earlier try of the same child: closed, renamed by its status, never shown as a result."""
    close_badly(store, run.info.run_id, "tried again by a later run of the same task")
    store.client.set_tag(run.info.run_id, "mlflow.runName", f"{run.info.run_name} (earlier try)")


def find(
    store: Store, experiments: str | list[str], tags: Mapping[str, str], status: str | None = None
) -> list[Run]:
    """Every run that bears these tags, and has that status, the newest first."""
    where = [experiments] if isinstance(experiments, str) else experiments
    condition = " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())
    if status:
        condition += f" and attributes.status = '{status}'"
    found: list[Run] = []
    token: str | None = None
    while True:
        page = store.client.search_runs(
            where, condition, ViewType.ACTIVE_ONLY, max_results=1000, page_token=token
        )
        found += page
        token = page.token
        if not token:
            return found


def user() -> str:
    """Who is at work, as this system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
