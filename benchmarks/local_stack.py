"""The local stack, as `make up` starts it, in a folder that is thrown away."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.places import environment, project_root
from lstm_ops.stack.addresses import Addresses
from lstm_ops.stack.ports import free_port
from lstm_ops.stack.processes import wait_until

MAIN = "from lstm_ops.cli import main; raise SystemExit(main())"
READY = "Ctrl-C stops everything."
START_LIMIT = 180.0  # seconds
STOP_LIMIT = 60.0


@contextmanager
def local_stack() -> Iterator[Addresses]:
    """Where its servers are, once it is up. Whatever happens, it is stopped, as by Ctrl-C."""
    addresses = Addresses(free_port(), free_port())
    with project_root() as root:
        output = root / "up.log"
        process = _start(root, output, addresses)
        try:
            wait_until(lambda: _ready(output) or process.poll() is not None, START_LIMIT)
            if process.poll() is not None or not _ready(output):
                raise RuntimeError(f"the stack did not start:\n{output.read_text()}")
            yield addresses
        finally:
            _stop(process)


def _start(root: Path, output: Path, addresses: Addresses) -> subprocess.Popen[bytes]:
    ports = ["--prefect-port", str(addresses.prefect_port)]
    ports += ["--mlflow-port", str(addresses.mlflow_port)]
    command = [sys.executable, "-c", MAIN, "up", *ports]
    with output.open("wb") as stream:
        return subprocess.Popen(
            command, cwd=root, env=environment(root), stdout=stream, stderr=stream
        )


def _ready(output: Path) -> bool:
    return READY in output.read_text()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        for child in family:
            if child.is_running():
                child.kill()
