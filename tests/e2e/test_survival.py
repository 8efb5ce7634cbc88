"""One store for runs with and without the stack; and what a start finds after a power cut."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import mlflow
import pytest
import yaml

from lstm_ops.stack.processes import flow_run_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.conftest import Json, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

QUICK = {
    "training.epochs": 1,
    "seeds": [1],
    "forecasters": [{"kind": "linear"}, {"kind": "persistence"}],
}
ENDLESS = {
    "training.epochs": 5000,
    "training.engine": "fit",
    "seeds": [1],
    "forecasters": [{"kind": "lstm", "units": 4}],
}


def readable(uri: str, run_id: str, folder: Path) -> bool:
    """Downloads a training's artifacts and loads its versions, as a person would with MLflow."""
    mlflow.set_tracking_uri(uri)
    folder.mkdir()
    mlflow.artifacts.download_artifacts(run_id=run_id, dst_path=str(folder))
    client = mlflow.MlflowClient()
    parent = client.get_run(run_id)
    where = f"tags.`mlflow.parentRunId` = '{run_id}'"
    children = {r.info.run_id for r in client.search_runs([parent.info.experiment_id], where)}
    versions = client.search_model_versions(f"name = '{parent.data.tags['lstm_ops.series']}'")
    models = [
        mlflow.pyfunc.load_model(f"models:/{version.name}/{version.version}")
        for version in versions
        if version.run_id in children
    ]
    return (folder / "scores.csv").is_file() and len(models) == 2


@pytest.fixture(autouse=True)
def same_store_afterwards() -> Iterator[None]:
    """MLflow's address is one for the whole process, and other tests have their own."""
    before = mlflow.get_tracking_uri()
    yield
    mlflow.set_tracking_uri(before)


@pytest.fixture(scope="module")
def nightly(session_stack: Stack) -> Callable[[str], str]:
    """Runs of train/nightly, whose limit is one: the endless one that is lost in a power cut, and
    the quick one after it. Each begins when it is first asked for; gives its id."""
    settings = {"endless": ENDLESS, "quick": QUICK}
    by_hand = {"experiment": "tutorial", "when_due": False}

    @cache
    def begun(which: str) -> str:
        return session_stack.ask("nightly", settings[which], **by_hand)

    return begun


def silent_after(seconds: int, tag: str, root: Path) -> dict[str, Any]:
    """The automation of automations/crashed-runs.yaml, less patient, for runs of that tag only."""
    content = dict(yaml.safe_load((root / "automations" / "crashed-runs.yaml").read_text()))
    related = {"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{tag}"}
    trigger = {**content["trigger"], "within": seconds, "match_related": related}
    return {**content, "name": f"silent for {seconds} s", "trigger": trigger}


def test_killed_with_its_worker_a_run_is_crashed_told_and_closed_by_the_next(
    stack: Stack, nightly: Callable[[str], str]
) -> None:
    """Only the server is left. All but the shortened patience is as `make up` makes it.

    The run is then taken for one of another machine: its process cannot be looked at from here.
    """
    content = silent_after(20, "impatient", stack.root)
    stack.prefect.post("/automations/", json=content).raise_for_status()
    with stack.worker_elsewhere(["lstm-ops", "impatient"]) as worker:
        killed = stack.ask("elsewhere", ENDLESS)
        stack.wait(lambda: stack.runs(killed), "a run in MLflow")
        assert stack.flow_run(killed)["state_name"] == "Running"
        process = flow_run_processes()[killed]
        victims = [process, *process.children(recursive=True)]
        worker.kill()
        for victim in victims:
            victim.kill()
    stack.wait(lambda: stack.flow_run(killed)["state_name"] == "Crashed", "the automation", 120)
    stack.wait(lambda: any(killed in alert for alert in stack.alerts()), "the alert", 90)
    left = [*stack.runs(killed), *stack.runs(killed, gate=True)]
    assert {run["status"] for run in left} == {"RUNNING"}
    for run in left:
        tag = {"run_id": run["run_id"], "key": "lstm_ops.process", "value": "elsewhere/1/1.0"}
        stack.mlflow.post("/runs/set-tag", json=tag).raise_for_status()
    nightly("endless")

    def closed() -> list[Json]:
        runs = [*stack.runs(killed), *stack.runs(killed, gate=True)]
        return runs if all(run["status"] == "FAILED" for run in runs) else []

    stack.wait(closed, "the next flow to close its runs")
    for run in closed():
        assert run["tags"]["lstm_ops.error"].startswith("its flow run ended: Crashed: No heartbeat")


def test_after_a_power_cut_lost_runs_are_closed_and_their_slot_is_free(
    stack: Stack, nightly: Callable[[str], str]
) -> None:
    """The lost run is one of train/nightly, whose limit of one would keep the next out."""
    lost = nightly("endless")

    def fitting() -> bool:
        runs = stack.runs(lost)
        return len(runs) == 2 and {run["status"] for run in runs} == {"RUNNING"}

    stack.wait(fitting, "a parent and a child run in MLflow")
    assert stack.flow_run(lost)["state_name"] == "Running"
    stack.kill()
    stack.start()
    assert stack.flow_run(lost)["state_name"] == "Crashed"
    names = [automation["name"] for automation in stack.automations()]
    assert len(names) == len(set(names)) >= 4
    runs = stack.runs(lost)
    assert [run["status"] for run in runs] == ["FAILED", "FAILED"]
    assert all("lstm_ops.error" in run["tags"] for run in runs)
    assert [run["status"] for run in stack.runs(lost, gate=True)] == ["FAILED"]
    assert stack.ended(nightly("quick"))["state_name"] == "Completed"


def test_runs_with_and_without_the_stack_share_one_store(
    stack: Stack, nightly: Callable[[str], str], mlflow_globals: None, tmp_path: Path
) -> None:
    """Ends with `lstm-ops ui` on the store: cheaper than the whole stack, and to be seen once."""
    del mlflow_globals
    assert stack.ended(nightly("quick"))["state_name"] == "Completed"
    served, *_ = stack.runs(nightly("quick"))
    stack.stop()
    embedded = stack.command("train", QUICK)["mlflow"]
    assert embedded["run_url"] is None
    run_ids = [served["run_id"], embedded["run_id"]]
    for run_id in run_ids:
        assert readable(stack.store_uri, run_id, tmp_path / f"database {run_id}")
    with stack.ui():
        for run_id in run_ids:
            assert readable(stack.mlflow_url, run_id, tmp_path / f"server {run_id}")
