"""What `make up` and `make ui` do before they start anything."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lstm_ops.errors import StackError
from lstm_ops.stack import record
from lstm_ops.stack.addresses import Addresses
from lstm_ops.stack.marks import ProcessMark
from lstm_ops.stack.mlflow_ui import ui
from lstm_ops.stack.processes import Child
from lstm_ops.stack.record import Record
from lstm_ops.stack.supervisor import up

StartPython = Callable[..., Child]

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
RUNNING = Record("token", ProcessMark.of_this_process(), Addresses(4300, 5001))


def test_a_second_stack_is_refused_and_says_where_the_first_is() -> None:
    record.claim(RUNNING)
    with pytest.raises(StackError, match=rf"pid {os.getpid()}.*:4300.*:5001.*kill {os.getpid()}"):
        up(Addresses())
    assert record.live() == RUNNING


def test_ui_points_to_the_stack_that_runs() -> None:
    record.claim(RUNNING)
    said: list[str] = []
    assert ui(5001, said.append) == 0
    assert "http://127.0.0.1:5001/#/experiments?workflowType=machine_learning" in said[0]


def test_a_start_ends_what_a_killed_stack_left_but_not_its_flow_runs(
    root: Path, start_python: StartPython
) -> None:
    server = start_python(SLEEP, "killed/prefect")
    flow_run = start_python(SLEEP, "killed/worker", PREFECT__FLOW_RUN_ID="run-1")
    record.claim(replace(RUNNING, token="killed", supervisor=ProcessMark(os.getpid(), 1.0)))
    said: list[str] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(StackError, match="is taken by"):
            up(Addresses(taken.getsockname()[1], 5001), say=said.append)
    assert server.exit_code is not None
    assert flow_run.exit_code is None
    assert f"pid {server.mark.pid}" in said[0]
    assert record.leftovers() is None
    assert not (root / ".state/stack.json").exists()
