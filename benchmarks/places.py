"""Where the benchmarks run what they measure: folders made for it, nobody's settings."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measured import Measured, run
from lstm_ops.project import LOCK

PROJECT = Path(__file__).resolve().parents[1]
LINKED = ("experiments", "data", "flows", "src", "pyproject.toml", "prefect.yaml", LOCK)
OWN = ("PREFECT_", "MLFLOW_", "KERAS_", "TF_", "LSTM_OPS_", "PYTHON", "VIRTUAL_ENV")

# Nothing leaves this machine while it is measured; a slow one gets the time that it needs.
SETTINGS = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}


@contextmanager
def project_root() -> Iterator[Path]:
    """A root whose inputs are the project's, and in which nothing has been run."""
    with empty_folder() as folder:
        for name in LINKED:
            (folder / name).symlink_to(PROJECT / name)
        (folder / "mlflow").mkdir()
        (folder / "mlflow" / "server.env").symlink_to(PROJECT / "mlflow" / "server.env")
        yield folder


@contextmanager
def empty_folder() -> Iterator[Path]:
    """A folder outside the project, with a person's home in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "home").mkdir()
        yield folder


def environment(root: Path) -> dict[str, str]:
    """For our commands in that root."""
    paths = os.pathsep.join([str(root / "src"), str(root)])
    return {**_bare(root), "LSTM_OPS_HOME": str(root), "PYTHONPATH": paths}


def train(root: Path, *arguments: str, memory: bool = False, expected: int = 0) -> Measured:
    """`python -m flows.train` with these arguments."""
    command = [sys.executable, "-m", "flows.train", *arguments]
    return run(command, root, environment(root), memory=memory, expected=expected)


def backtest(root: Path, name: str, *arguments: str) -> Measured:
    """`python -m flows.backtest … --json` with these arguments."""
    command = [sys.executable, "-m", "flows.backtest", name, "--json", *arguments]
    return run(command, root, environment(root))


def obvious(folder: Path, *, memory: bool = False) -> Measured:
    """The obvious pipeline, in a folder that is not the project's."""
    command = [sys.executable, "-m", "benchmarks.obvious"]
    return run(command, folder, {**_bare(folder), "PYTHONPATH": str(PROJECT)}, memory=memory)


def _bare(folder: Path) -> dict[str, str]:
    """Of a person who exported nothing, at home in that folder."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(OWN)}
    return {**kept, **SETTINGS, "HOME": str(folder / "home")}
