"""MLflow runs of other machines, whose process nobody here can look at, are judged by Prefect."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lstm_ops.stack import flow_run_ends
from lstm_ops.stack.flow_run_ends import ended
from lstm_ops.tracking import runs
from lstm_ops.tracking.runs import FlowRunLink
from lstm_ops.tracking.store import Store, connect

if TYPE_CHECKING:
    from tests.cli.conftest import Server


ELSEWHERE = "another-machine/4711/1.0"


def flow_run(server: Server, state: str, message: str | None = None) -> str:
    flow = server.ask("POST", "/flows/", {"name": "train"})["id"]
    run = server.ask("POST", "/flow_runs/", {"flow_id": flow, "state": {"type": "RUNNING"}})["id"]
    content = {"state": {"type": state, "message": message}, "force": True}
    server.ask("POST", f"/flow_runs/{run}/set_state", content)
    return str(run)


def open_run(store: Store, flow_run: str) -> str:
    run_id = runs.open_parent(store, "airline", f"train {flow_run}", "train", FlowRunLink(flow_run))
    store.client.set_tag(run_id, "lstm_ops.process", ELSEWHERE)
    return run_id


@pytest.fixture
def store(well: Path) -> Store:
    return connect(f"sqlite:///{well}/mlflow/mlflow.db", well / "mlflow" / "artifacts")


def test_doctor_names_them_and_closes_them_when_asked(
    store: Store, server: Server, doctor: Callable[..., Any]
) -> None:
    states = {"CRASHED": "no heartbeat", "CANCELLED": None, "COMPLETED": None, "RUNNING": None}
    ids = {state: open_run(store, flow_run(server, state, m)) for state, m in states.items()}
    ids["UNKNOWN"] = open_run(store, "0198a6f0-0000-7000-8000-000000000000")

    def statuses() -> dict[str, str]:
        return {state: store.client.get_run(i).info.status for state, i in ids.items()}

    status, unwell = doctor("mlflow-runs")
    assert status == 0
    assert "its flow run ended: Crashed: no heartbeat" in unwell["mlflow-runs"][0]["found"]
    assert set(statuses().values()) == {"RUNNING"}
    assert doctor("mlflow-runs", "--mend") == (0, {})
    assert statuses() == {
        "CRASHED": "FAILED",
        "CANCELLED": "KILLED",
        "COMPLETED": "FAILED",
        "RUNNING": "RUNNING",
        "UNKNOWN": "RUNNING",
    }
    assert doctor("mlflow-runs") == (0, {})


def test_an_unknown_flow_run_counts_as_deleted_only_on_its_own_server(
    well: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every machine has a 127.0.0.1: its server says nothing about another machine's runs."""
    del well
    unknown = "0198a6f0-0000-7000-8000-000000000000"
    ui = server.url.removesuffix("/api")
    assert ended({unknown: f"{ui}/runs/flow-run/{unknown}"}) == {}
    monkeypatch.setattr(flow_run_ends, "is_here", lambda _: False)  # as by a name in a network
    assert ended({unknown: None}) == {}
    assert ended({unknown: f"http://prefect.example.com/runs/flow-run/{unknown}"}) == {}
    assert ended({unknown: f"{ui}/runs/flow-run/{unknown}"})[unknown].startswith("Deleted")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert ended({unknown: f"{ui}/runs/flow-run/{unknown}"}) == {}  # asked again next time


def test_a_page_of_ids_is_not_all(well: Path, server: Server) -> None:
    del well
    many = {f"0198a6f0-0000-7000-8000-{number:012d}": None for number in range(450)}
    crashed = flow_run(server, "CRASHED")
    assert set(ended({**many, crashed: None})) == {crashed}
