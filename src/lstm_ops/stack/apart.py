"""A stack apart from the project's own: in another root, as a child of this process."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lstm_ops import project
from lstm_ops.errors import StackError
from lstm_ops.stack.addresses import Addresses
from lstm_ops.stack.ports import free_port
from lstm_ops.stack.processes import Child, Command, wait_until

MAIN = "from lstm_ops.cli import main; raise SystemExit(main())"
READY = "Ctrl-C stops everything."
START_LIMIT = 180.0  # seconds
STOP_LIMIT = 60.0
INPUTS = ("automations", "data", "experiments", "pyproject.toml", project.MARKER, project.LOCK)
SERVERS = ("PREFECT_", "MLFLOW_", "LSTM_OPS_")  # variables that name a person's own


def fresh_root(folder: Path) -> Path:
    """The folder, with this project's inputs and nothing else: what was in it is deleted."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in INPUTS:
        if (source := project.root() / name).exists():
            (folder / name).symlink_to(source)
    return folder


def environment_of(root: Path) -> dict[str, str]:
    """This process's, without any server or store that it names."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(SERVERS)}
    return {**kept, project.HOME_VARIABLE: str(root)}


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Nobody else uses that folder meanwhile. Raises `StackError` where somebody does."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StackError(f"{folder} is in use by another process; end that first") from None
        yield


@contextmanager
def running(
    root: Path, environment: Mapping[str, str], addresses: Addresses | None = None
) -> Iterator[Addresses]:
    """Where its servers are, once it is up. Whatever happens, it is stopped, as by Ctrl-C; should
    this process be killed, the kernel asks it to end (Linux).

    `addresses`: free ports where left out. Raises `StackError` where it does not start.
    """
    addresses = addresses or Addresses(free_port(), free_port())
    output = root / "up.log"
    child = Child(_up(root, environment, addresses), output, uuid.uuid4().hex)
    try:
        wait_until(lambda: _ready(output) or child.exit_code is not None, START_LIMIT)
        if child.exit_code is not None or not _ready(output):
            raise StackError(f"the stack in {root} did not start:\n{output.read_text()}")
        yield addresses
    finally:
        child.stop(STOP_LIMIT)


def _up(root: Path, environment: Mapping[str, str], addresses: Addresses) -> Command:
    ports = ["--prefect-port", str(addresses.prefect_port)]
    ports += ["--mlflow-port", str(addresses.mlflow_port)]
    return Command("up", [sys.executable, "-c", MAIN, "up", *ports], environment, root)


def _ready(output: Path) -> bool:
    return READY in output.read_text()
