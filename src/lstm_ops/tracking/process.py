"""Which process a run belongs to, so that whoever comes next can tell whether it still lives."""

from __future__ import annotations

import os
import socket

import psutil


def this_process() -> str:
    """`host/pid/start`, unique even where pids come round again."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"


def is_known_dead(mark: str) -> bool:
    """Whether a mark is of this host and its process is gone. Other hosts cannot be judged."""
    host, pid, started = mark.rsplit("/", 2) if mark.count("/") > 1 else ("", "", "")
    if host != socket.gethostname():
        return False
    return not (pid.isdigit() and psutil.pid_exists(int(pid)) and _started(int(pid)) == started)


def _started(pid: int) -> str:
    try:
        return f"{psutil.Process(pid).create_time():.1f}"
    except psutil.Error:
        return ""
