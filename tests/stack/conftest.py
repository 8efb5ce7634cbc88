"""A project folder of its own for each test, and processes to play with."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lstm_ops.stack.processes import Child, Command, wait_until

StartPython = Callable[..., Child]


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "prefect.yaml").touch()
    monkeypatch.setenv("LSTM_OPS_HOME", str(tmp_path))
    for variable in ("PREFECT_API_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


@pytest.fixture
def start_python(tmp_path: Path) -> Iterator[StartPython]:
    """Starts `python -c code` as a child and waits until it, or one of its own, prints `up`."""
    children: list[Child] = []

    def start(code: str, token: str = "", **environment: str) -> Child:
        name = f"child{len(children)}"
        log = tmp_path / f"{name}.log"
        command = Command(
            name, [sys.executable, "-S", "-c", code], {**os.environ, **environment}, tmp_path
        )
        child = Child(command, log, token or f"{tmp_path}/{name}", signal.SIGTERM)
        children.append(child)
        assert wait_until(lambda: "\nup\n" in log.read_text(), 10), log.read_text()
        return child

    yield start
    for child in children:
        child.kill()
