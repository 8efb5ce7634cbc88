"""This machine: room on the disk, ports, and what a killed stack left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import psutil

from lstm_ops import project
from lstm_ops.cli.doctor.finding import Finding, fault, ok, warning
from lstm_ops.cli.doctor.situation import Situation
from lstm_ops.stack import ports, processes, record
from lstm_ops.stack.addresses import MLFLOW_PORT, PREFECT_PORT
from lstm_ops.stack.discovery import MLFLOW_VARIABLE, PREFECT_VARIABLE

GIGABYTE = 1e9
LITTLE, NONE = 2.0, 0.2  # gigabytes


def disk(situation: Situation) -> Iterator[Finding]:
    """Room for models, databases and logs."""
    del situation
    free = shutil.disk_usage(project.root()).free / GIGABYTE
    found = f"{free:.1f} GB are free at {project.root()}"
    remedy = "make room; lstm-ops prune SERIES --keep N removes old versions"
    if free < NONE:
        yield fault(found, remedy)
    elif free < LITTLE:
        yield warning(found, remedy)
    else:
        yield ok(found)


def leftovers(situation: Situation) -> Iterator[Finding]:
    """Files and processes of a stack whose supervisor was killed."""
    stack = record.leftovers()
    left = processes.family(stack.token, flow_runs=False) if stack else []
    names = [path.relative_to(project.root()).as_posix() for path in situation.stale_files]
    names += [f"process {process.pid}" for process in left]
    if names:
        yield warning(
            f"left by a stack that was killed: {', '.join(names)}",
            "make up: ends and puts away what was left",
        )
    else:
        yield ok("nothing is left of a killed stack")


def taken_ports(situation: Situation) -> Iterator[Finding]:
    """Whether `make up` could listen; what is up already needs no port."""
    if situation.stack:
        yield ok("the stack has its ports")
        return
    wanted = {PREFECT_VARIABLE: (PREFECT_PORT, "Prefect"), MLFLOW_VARIABLE: (MLFLOW_PORT, "MLflow")}
    for variable, (port, purpose) in wanted.items():
        if os.environ.get(variable):
            yield ok(f"none is needed for {purpose}: {variable} is set")
        else:
            yield _port(port, purpose)


def _port(port: int, purpose: str) -> Finding:
    if ports.is_free(port):
        return ok(f"port {port} is free for {purpose}")
    holder = ports.holder(port) or "another program"
    if _is_our_own(port):
        return ok(f"port {port} is held by this project's `make ui`")
    return fault(
        f"port {port}, which make up needs for {purpose}, is taken by {holder}",
        "stop that, or: make up PREFECT_PORT=4300 MLFLOW_PORT=5001",
    )


def _is_our_own(port: int) -> bool:
    """Whether a server of this project listens there, as `make ui` starts one."""
    try:
        pid = ports.listener(port)
        environment = psutil.Process(pid).environ() if pid else {}
    except psutil.Error:
        return False
    root = environment.get(project.HOME_VARIABLE)
    return processes.TOKEN_VARIABLE in environment and root == str(project.root())
