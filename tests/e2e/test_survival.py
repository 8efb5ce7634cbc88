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
BY_HAND = {"experiment": "tutorial", "when_due": False}


def readable(uri: str, result: dict[str, Any], folder: Path) -> bool:
    """Downloads a training's artifacts and loads its versions, as a person would with MLflow."""
    mlflow.set_tracking_uri(uri)
    run_id = result["mlflow"]["run_id"]
    folder.mkdir()
    mlflow.artifacts.download_artifacts(run_id=run_id, dst_path=str(folder))
    models = [
        mlflow.pyfunc.load_model(f"models:/{result['series']}/{version}")
        for version in result["versions"].values()
    ]
    return (folder / "scores.csv").is_file() and len(models) == 2


@pytest.fixture(autouse=True)
def same_store_afterwards() -> Iterator[None]:
    """MLflow's address is one for the whole process, and other tests have their own."""
    before = mlflow.get_tracking_uri()
    yield
    mlflow.set_tracking_uri(before)


@pytest.fixture(scope="module")
def endless(session_stack: Stack) -> Callable[[], str]:
    """The one run of train/nightly that is lost in a power cut; it begins when first asked for."""

    @cache
    def begun() -> str:
        return session_stack.ask("nightly", ENDLESS, **BY_HAND)

    return begun


def silent_after(seconds: int, tag: str, root: Path) -> dict[str, Any]:
    """The automation of automations/crashed-runs.yaml, less patient, for runs of that tag only."""
    content = dict(yaml.safe_load((root / "automations" / "crashed-runs.yaml").read_text()))
    related = {"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{tag}"}
    trigger = {**content["trigger"], "within": seconds, "match_related": related}
    return {**content, "name": f"silent for {seconds} s", "trigger": trigger}


def test_killed_with_its_worker_a_run_is_crashed_told_and_closed_by_the_next(
    stack: Stack, endless: Callable[[], str]
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
    stack.wait(lambda: stack.flow_run(killed)["state_name"] == "Crashed", "the automation", 60)
    stack.wait(lambda: any(killed in alert for alert in stack.alerts()), "the alert", 30)
    left = [*stack.runs(killed), *stack.runs(killed, gate=True)]
    assert {run["status"] for run in left} == {"RUNNING"}
    for run in left:
        tag = {"run_id": run["run_id"], "key": "lstm_ops.process", "value": "elsewhere/1/1.0"}
        stack.mlflow.post("/runs/set-tag", json=tag).raise_for_status()
    endless()

    def closed() -> list[Json]:
        runs = [*stack.runs(killed), *stack.runs(killed, gate=True)]
        return runs if all(run["status"] == "FAILED" for run in runs) else []

    stack.wait(closed, "the next flow to close its runs")
    for run in closed():
        assert run["tags"]["lstm_ops.error"].startswith("its flow run ended: Crashed: No heartbeat")


def test_after_a_power_cut_lost_runs_are_closed_and_their_slot_is_free(
    stack: Stack, endless: Callable[[], str]
) -> None:
    """The lost run is one of train/nightly, whose limit of one would keep the next out."""
    lost = endless()

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
    assert stack.ended(stack.ask("nightly", QUICK, **BY_HAND))["state_name"] == "Completed"


def test_runs_with_and_without_the_stack_share_one_store(
    stack: Stack, mlflow_globals: None, tmp_path: Path
) -> None:
    """Ends with `lstm-ops ui` on the store: cheaper than the whole stack, and to be seen once."""
    del mlflow_globals
    served = stack.train(QUICK)
    assert served["mlflow"]["run_url"].startswith(f"{stack.mlflow_url}/#/experiments/")
    asked = {"run_id": served["mlflow"]["run_id"]}
    run = stack.mlflow.get("/runs/get", params=asked).raise_for_status().json()["run"]
    tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
    assert stack.flow_run(tags["prefect.flow_run_id"])["state_name"] == "Completed"
    stack.stop()
    embedded = stack.train(QUICK)
    assert embedded["mlflow"]["run_url"] is None
    for number, result in enumerate([served, embedded]):
        assert readable(stack.store_uri, result, tmp_path / f"database {number}")
    with stack.ui():
        for number, result in enumerate([served, embedded]):
            assert readable(stack.mlflow_url, result, tmp_path / f"server {number}")
