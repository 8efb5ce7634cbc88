"""Runs by deployment: what a person asks for, what is refused, and what the clock asks for."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

QUICK = {
    "training.epochs": 1,
    "seeds": [1],
    "forecasters": [{"kind": "linear"}, {"kind": "persistence"}],
}

SOON = 30.0  # seconds
EMIT = """
from prefect.events import emit_event
from prefect.events.worker import EventsWorker
emit_event(
    "lstm_ops.drift.detected",
    {"prefect.resource.id": "lstm-ops.experiment.airline"},
    payload={"experiment": "airline", "sentence": "its level has shifted"},
)
EventsWorker.instance().drain()
"""


def test_a_deployment_run_with_nothing_exported_is_told_by_both_servers(
    stack: Stack, airline_run: str
) -> None:
    flow_run = stack.flow_run(airline_run)
    assert flow_run["state_name"] == "Completed"
    parent, *children = stack.runs(airline_run)
    assert {run["status"] for run in (parent, *children)} == {"FINISHED"}
    assert len(children) == 4
    assert parent["tags"]["prefect.flow_run_id"] == airline_run
    assert parent["tags"]["prefect.flow_run_url"].endswith(f"/flow-run/{airline_run}")
    shown = stack.artifacts(airline_run)
    assert set(shown) == {
        "airline-scores",
        "airline-verdict",
        "airline-mlflow-run",
        "airline-decision",
        "airline-decision-run",
        "airline-champion",
    } | ({"airline-contest"} & set(shown))  # where there was anything new to judge on
    link = re.search(r"\((http[^)]+)\)", shown["airline-mlflow-run"])
    assert link and link[1] == (
        f"{stack.mlflow_url}/#/experiments/{parent['experiment_id']}/runs/{parent['run_id']}"
        "?workflowType=machine_learning"
    )
    made = re.search(r"/models/airline/versions/(\d+)\?", shown["airline-champion"])
    assert made
    asked = {"name": "airline", "version": made[1]}
    version = stack.mlflow.get("/model-versions/get", params=asked).raise_for_status().json()
    decided = stack.runs(airline_run, gate=True)
    assert {run["status"] for run in decided} == {"FINISHED"}
    assert f"version {made[1]} " in decided[0]["tags"]["mlflow.note.content"]
    assert version["model_version"]["name"] == "airline"


def test_a_misspelt_override_is_refused_before_a_run_exists(stack: Stack) -> None:
    before = {run["id"] for run in stack.flow_runs("airline")}
    done = stack.deployment_run("airline", {"training.epoch": 2})
    assert done.returncode != 0
    assert "training.epoch" in done.stdout + done.stderr
    assert {run["id"] for run in stack.flow_runs("airline")} == before


def test_a_backtest_runs_as_a_deployment_and_a_command_finds_its_pieces_again(
    stack: Stack,
) -> None:
    """The command talks to the stack's servers, as everything does while it is up."""
    settings = {"forecasters": QUICK["forecasters"], "evaluation.cutoffs.number": 2}
    asked = stack.ask("tutorial", settings, flow="backtest", experiment="airline")
    first = stack.ended(asked)
    assert first["state_name"] == "Completed"
    parent, *children = stack.runs(first["id"])
    assert len(children) == 4
    assert {run["status"] for run in (parent, *children)} == {"FINISHED"}
    again = stack.command("backtest", settings)["mlflow"]
    assert again["run_url"].startswith(f"{stack.mlflow_url}/#/experiments/")
    tags = stack.run(again["run_id"])["tags"]
    flow_run = stack.flow_run(tags["prefect.flow_run_id"])
    assert flow_run["state_name"] == "Completed"
    assert len(stack.runs(flow_run["id"])) == 1
    shown = stack.artifacts(flow_run["id"])
    assert (
        "beats" in shown["airline-backtest-verdict"] or "not" in shown["airline-backtest-verdict"]
    )
    assert parent["run_id"] not in shown["airline-backtest-run"]


def begun_by_event(stack: Stack) -> tuple[str, float]:
    """Sends the event: the run that it starts, and the seconds until that was seen running."""
    before = {run["id"] for run in stack.flow_runs("on-drift")}
    done = stack.python(["-c", EMIT], stack.environment() | {"PREFECT_API_URL": stack.prefect_api})
    assert done.returncode == 0, done.stderr
    sent = time.monotonic()

    def begun() -> list[str]:
        runs = [run for run in stack.flow_runs("on-drift") if run["id"] not in before]
        return [run["id"] for run in runs if run["state_type"] in ("RUNNING", "COMPLETED")]

    stack.wait(begun, "a run of train/on-drift")
    seconds = time.monotonic() - sent
    (made,) = begun()
    return made, seconds


def test_a_drift_event_starts_a_training_of_its_series(stack: Stack, airline_run: str) -> None:
    """The champion has seen all there is: the training that the event starts is skipped.

    Prefect's server on SQLite may stall for a minute behind a lock; the event is then sent again.
    """
    del airline_run
    made, seconds = begun_by_event(stack)
    if seconds > SOON:
        made, seconds = begun_by_event(stack)
    assert seconds <= SOON
    flow_run = stack.ended(made)
    assert flow_run["state_name"] == "Skipped"
    # train/scheduled may be at work on the same series just then.
    reasons = ("nothing new has arrived", "another training of airline is under way")
    assert any(reason in flow_run["state"]["message"] for reason in reasons)
    assert flow_run["parameters"]["experiment"] == "airline"
    assert flow_run["parameters"]["event"]["sentence"] == "its level has shifted"


def test_a_schedule_fires_and_bad_data_end_as_invalid_input_and_a_failed_run(stack: Stack) -> None:
    """Last in this file: by now its minute has passed."""

    def fired() -> list[str]:
        return [run["id"] for run in stack.flow_runs("scheduled") if run["state_type"] == "FAILED"]

    stack.wait(fired, "the scheduled run of train/scheduled", limit=190)
    flow_run = stack.flow_run(fired()[-1])
    assert flow_run["auto_scheduled"]
    assert flow_run["state_name"] == "InvalidInput"
    assert "many" in flow_run["state"]["message"]
    # A hook closes the run, after the flow run has ended.
    stack.wait(lambda: stack.runs(flow_run["id"])[0]["status"] != "RUNNING", "the hook")
    (parent,) = stack.runs(flow_run["id"])
    assert parent["status"] == "FAILED"
    assert "many" in parent["tags"]["lstm_ops.error"]
    assert "FailedRun" not in (stack.root / ".state" / "logs" / "worker.log").read_text()
