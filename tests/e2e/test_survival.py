"""One store for runs with and without the stack; and what a start finds after a power cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mlflow
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Stack

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


@pytest.fixture(autouse=True)
def no_schedule(stack: Stack) -> None:
    """The runs of each minute would only take time from those looked at here."""
    stack.drop_minutely()


def test_after_a_power_cut_lost_runs_are_closed_and_their_slot_is_free(stack: Stack) -> None:
    """The lost run is one of train/nightly, whose limit of one would keep the next out."""
    lost = stack.ask("nightly", ENDLESS)

    def fitting() -> bool:
        runs = stack.runs(lost)
        return len(runs) == 2 and {run["status"] for run in runs} == {"RUNNING"}

    stack.wait(fitting, "a parent and a child run in MLflow")
    assert stack.flow_run(lost)["state_name"] == "Running"
    stack.kill()
    stack.start()
    assert stack.flow_run(lost)["state_name"] == "Crashed"
    runs = stack.runs(lost)
    assert [run["status"] for run in runs] == ["FAILED", "FAILED"]
    assert all("lstm_ops.error" in run["tags"] for run in runs)
    assert [run["status"] for run in stack.runs(lost, gate=True)] == ["FAILED"]
    assert stack.ended(stack.ask("nightly", QUICK))["state_name"] == "Completed"


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
