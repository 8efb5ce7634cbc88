"""Which open flow runs are set Crashed, against a stand-in for Prefect's API with its pages."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lstm_ops.errors import StackError
from lstm_ops.stack.lost_runs import crash_lost_runs
from lstm_ops.stack.processes import Child

StartPython = Callable[..., Child]

SLEEP = "import time; print('up', flush=True); time.sleep(60)"


class StandIn:
    """Flow runs by id, filtered as Prefect filters them."""

    def __init__(self) -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        self.url = ""

    def add(self, run_id: str, state: str = "RUNNING", **more: str | None) -> None:
        run = {"id": run_id, "name": run_id, "state_type": state, "deployment_id": "d"}
        self.runs[run_id] = {**run, "parent": None, **more}

    def filter(self, content: dict[str, Any]) -> list[dict[str, Any]]:
        wanted = content["flow_runs"]
        states = wanted["state"]["type"]["any_"]
        parents = wanted.get("parent_flow_run_id", {}).get("any_")
        found = [
            run
            for run in self.runs.values()
            if run["state_type"] in states and (parents is None or run["parent"] in parents)
        ]
        return found[content["offset"] :][: content["limit"]]

    def in_state(self, state: str) -> set[str]:
        return {run["id"] for run in self.runs.values() if run["state_type"] == state}


@pytest.fixture
def prefect() -> Iterator[StandIn]:
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer: Any = None
            if self.path == "/api/flow_runs/filter":
                answer = stand_in.filter(content)
            else:
                run = stand_in.runs[self.path.split("/")[3]]
                assert content["force"]
                run["state_type"] = content["state"]["type"]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}/api"
    yield stand_in
    server.shutdown()
    server.server_close()


def test_open_runs_of_deployments_that_nobody_works_on_crash(prefect: StandIn) -> None:
    for state in ("RUNNING", "PENDING", "CANCELLING", "SCHEDULED", "PAUSED", "COMPLETED"):
        prefect.add(state.lower(), state)
    lost = crash_lost_runs(prefect.url, known_dead=())
    assert {run.id for run in lost.crashed} == {"running", "pending", "cancelling"}
    assert prefect.in_state("CRASHED") == {"running", "pending", "cancelling"}
    assert prefect.in_state("SCHEDULED") == {"scheduled"}


def test_every_page_is_read(prefect: StandIn) -> None:
    for number in range(450):
        prefect.add(f"run-{number}")
    assert len(crash_lost_runs(prefect.url, ()).crashed) == 450


def test_a_run_started_by_hand_crashes_only_when_known_dead(prefect: StandIn) -> None:
    prefect.add("alive", deployment_id=None)
    prefect.add("dead", deployment_id=None)
    crash_lost_runs(prefect.url, known_dead={"dead"})
    assert prefect.in_state("CRASHED") == {"dead"}


def test_a_process_that_outlived_its_worker_is_left_to_finish(
    prefect: StandIn, start_python: StartPython
) -> None:
    child = start_python(SLEEP, PREFECT__FLOW_RUN_ID="orphan")
    prefect.add("orphan")
    lost = crash_lost_runs(prefect.url, ())
    assert [(run.id, pid) for run, pid in lost.orphans] == [("orphan", child.mark.pid)]
    assert prefect.in_state("RUNNING") == {"orphan"}


def test_subflows_crash_with_the_run_they_ran_in(prefect: StandIn) -> None:
    prefect.add("parent")
    prefect.add("child", deployment_id=None, parent="parent")
    prefect.add("grandchild", deployment_id=None, parent="child")
    prefect.add("stranger", deployment_id=None, parent="elsewhere")
    crash_lost_runs(prefect.url, ())
    assert prefect.in_state("CRASHED") == {"parent", "child", "grandchild"}


def test_a_server_that_does_not_answer() -> None:
    with pytest.raises(StackError, match="did not answer POST /flow_runs/filter"):
        crash_lost_runs("http://127.0.0.1:9/api", ())
