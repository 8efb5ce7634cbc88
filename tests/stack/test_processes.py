"""Children end when told to, with all they started, however stubborn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from lstm_ops.errors import StackError
from lstm_ops.stack import processes
from lstm_ops.stack.children import Children
from lstm_ops.stack.interruption import Interrupted, Interruption
from lstm_ops.stack.processes import Child, Command, wait_until

StartPython = Callable[..., Child]

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
# Starts a stubborn process in a session of its own, and leaves it to itself.
PARENT = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-S", "-c", {STUBBORN!r}], start_new_session=True)
time.sleep(60)
"""


def test_an_obedient_child_ends_by_sigterm(start_python: StartPython) -> None:
    child = start_python(SLEEP)
    assert child.exit_code is None
    child.stop(grace=5)
    assert child.exit_code == -signal.SIGTERM


def test_a_child_that_ignores_sigterm_is_killed_when_its_grace_is_over(
    start_python: StartPython,
) -> None:
    child = start_python(STUBBORN)
    began = time.monotonic()
    child.stop(grace=0.3)
    assert child.exit_code == -signal.SIGKILL
    assert 0.3 <= time.monotonic() - began < 2


def test_in_a_hurry_there_is_no_grace(start_python: StartPython) -> None:
    child = start_python(STUBBORN)
    began = time.monotonic()
    child.stop(grace=30, hurry=lambda: True)
    assert child.exit_code == -signal.SIGKILL
    assert time.monotonic() - began < 2


def test_descendants_end_too_even_in_a_session_of_their_own(start_python: StartPython) -> None:
    child = start_python(PARENT)
    assert len(processes.family(child.token)) == 2
    child.stop(grace=0.3)
    assert processes.family(child.token) == []


def test_a_family_is_told_apart_by_flow_runs(start_python: StartPython) -> None:
    server = start_python(SLEEP, "stack/prefect")
    flow_run = start_python(SLEEP, "stack/worker", PREFECT__FLOW_RUN_ID="run-1")
    found = {which: _pids("stack/", which) for which in (None, True, False)}
    assert found[None] == {server.mark.pid, flow_run.mark.pid}
    assert found[True] == {flow_run.mark.pid}
    assert found[False] == {server.mark.pid}
    assert processes.flow_run_processes()["run-1"].pid == flow_run.mark.pid


def test_signals_that_a_shell_had_ignored_for_us_work_in_children(
    start_python: StartPython,
) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as for `make up &`
    try:
        child = start_python(
            "import signal; print(signal.getsignal(signal.SIGINT)); print('up', flush=True)"
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert "default_int_handler" in child.log.read_text()


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells a child of its parent's death"
)
def test_a_child_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path\n"
        "from lstm_ops.stack.processes import Child, Command\n"
        "here = Path.cwd()\n"
        f"command = Command('c', [sys.executable, '-S', '-c', {SLEEP!r}], os.environ, here)\n"
        "print(Child(command, here / 'c.log', 'token').mark.pid, flush=True)\n"
        "time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until(lambda: not _alive(child), 5)


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    with Interruption() as interruption:
        children = Children("token", interruption, print)
        with pytest.raises(StackError, match="cannot start ghost"):
            children.start(Command("ghost", [str(tmp_path / "ghost")], {}, tmp_path))


def test_a_child_that_dies_while_starting_is_named_with_its_last_words(tmp_path: Path) -> None:
    code = "import sys; print('no such database'); sys.exit(3)"
    command = Command("mlflow", [sys.executable, "-S", "-c", code], {}, tmp_path)
    with Interruption() as interruption:
        children = Children("token", interruption, print)
        children.start(command)
        with pytest.raises(StackError, match=r"mlflow ended with exit status 3(?s:.*)no such data"):
            children.until(lambda: False, "it to answer")
        children.stop("mlflow", grace=1)


def test_a_request_to_end_is_noted_and_ends_a_start(tmp_path: Path) -> None:
    command = Command("server", [sys.executable, "-S", "-c", SLEEP], {}, tmp_path)
    with Interruption() as interruption:
        children = Children("token", interruption, print)
        children.start(command)
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Interrupted):
            children.until(lambda: False, "it to answer")
        assert not interruption.insisted()
        children.stop("server", grace=5)
        assert children.marks() == {}


def _pids(token: str, flow_runs: bool | None) -> set[int]:
    return {process.pid for process in processes.family(token, flow_runs)}


def _alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
