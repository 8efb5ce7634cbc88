"""Runs whose process is gone are closed, and no others."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lstm_ops.tracking import lost, runs
from lstm_ops.tracking.lost import close_lost_runs
from lstm_ops.tracking.process import is_known_dead, this_process
from lstm_ops.tracking.runs import FlowRunLink
from lstm_ops.tracking.store import Store

SOURCES = Path(__file__).parents[2] / "src"
MARK_OF_ITS_OWN = "from lstm_ops.tracking.process import this_process; print(this_process())"


@pytest.fixture(scope="module")
def dead(in_fresh_python: Callable[..., str]) -> str:
    """The mark of a process that has ended."""
    return in_fresh_python(MARK_OF_ITS_OWN, path=(SOURCES,)).strip()


def test_marks(dead: str) -> None:
    mine = this_process()
    host = socket.gethostname()
    assert mine.startswith(f"{host}/{os.getpid()}/")
    assert not is_known_dead(mine)
    assert is_known_dead(dead)
    assert is_known_dead(f"{host}/{os.getpid()}/1.0")  # the pid came round again
    assert not is_known_dead(f"elsewhere-{dead}")
    assert not is_known_dead("")


def test_only_runs_of_dead_processes_of_this_host_are_closed(store: Store, dead: str) -> None:
    marks = {
        "alive": this_process(),
        "dead": dead,
        "elsewhere": f"elsewhere-{dead}",
        "dead but done": dead,
    }
    ids = {}
    for name, mark in marks.items():
        ids[name] = runs.open_parent(store, "airline", name, "train", FlowRunLink(f"flow {name}"))
        store.client.set_tag(ids[name], "lstm_ops.process", mark)
    child = runs.open_child(store, ids["dead"], "linear", {})
    store.client.set_tag(child, "lstm_ops.process", dead)
    runs.finish(store, ids["dead but done"])
    experiment = store.client.create_experiment("somebody elses")
    foreign = store.client.create_run(experiment).info.run_id

    assert close_lost_runs(store) == ["flow dead"]

    def status(run_id: str) -> str:
        return str(store.client.get_run(run_id).info.status)

    assert {name: status(run_id) for name, run_id in ids.items()} == {
        "alive": "RUNNING",
        "dead": "FAILED",
        "elsewhere": "RUNNING",
        "dead but done": "FINISHED",
    }
    assert (status(child), status(foreign)) == ("FAILED", "RUNNING")
    assert "ended without a word" in store.client.get_run(child).data.tags["lstm_ops.error"]
    assert close_lost_runs(store) == []


def test_a_flow_run_that_is_over_closes_runs_of_other_hosts_only(store: Store) -> None:
    """A flow run may be set Crashed while its process, which is seen here, still works."""
    marks = {"here": this_process(), "elsewhere": "elsewhere/1/1.0", "going on": "elsewhere/2/1.0"}
    ids = {}
    for name, mark in marks.items():
        ids[name] = runs.open_parent(store, "airline", name, "train", FlowRunLink(name))
        store.client.set_tag(ids[name], "lstm_ops.process", mark)
    asked: list[set[str]] = []

    def ended(flow_runs: Mapping[str, str | None]) -> dict[str, str]:
        asked.append(set(flow_runs))
        return {"elsewhere": "Cancelled: by a person", "here": "Crashed: no heartbeat"}

    assert close_lost_runs(store, ended) == ["elsewhere"]
    assert asked == [{"elsewhere", "going on"}]  # once for all, and only where it matters
    closed = store.client.get_run(ids["elsewhere"])
    assert closed.info.status == "KILLED"
    assert closed.data.tags["lstm_ops.error"] == "its flow run ended: Cancelled: by a person"
    for name in ("here", "going on"):
        assert store.client.get_run(ids[name]).info.status == "RUNNING"


def test_every_page_of_running_runs_is_read(
    store: Store, dead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost, "PAGE", 2)
    for number in range(5):
        run_id = runs.open_parent(store, "airline", "lost", "train", FlowRunLink(f"flow {number}"))
        store.client.set_tag(run_id, "lstm_ops.process", dead)
    assert len(close_lost_runs(store)) == 5
    assert close_lost_runs(store) == []
