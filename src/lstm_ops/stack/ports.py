"""Ports of this machine: free or taken, and by whom."""

from __future__ import annotations

import socket
from pathlib import Path

import psutil

from lstm_ops.stack.addresses import HOST


def is_free(port: int) -> bool:
    """Whether a server could listen on that port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As uvicorn does: a port whose last connections still linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def holder(port: int) -> str | None:
    """`pid 4711 (python -m mlflow server …)` of whoever listens there; None if not knowable."""
    return _describe(listener(port))


def listener(port: int) -> int | None:
    """The pid of whoever listens there; None if not knowable."""
    try:
        connections = psutil.net_connections(kind="inet")
    except psutil.Error:  # macOS tells only root
        return None
    for connection in connections:
        address = connection.laddr
        if connection.status == psutil.CONN_LISTEN and address and address.port == port:
            return connection.pid
    return None


def _describe(pid: int | None) -> str | None:
    if pid is None:
        return None
    try:
        program, *arguments = psutil.Process(pid).cmdline()
    except (psutil.Error, ValueError):
        return f"pid {pid}"
    return f"pid {pid} ({' '.join([Path(program).name, *arguments])[:100]})"
