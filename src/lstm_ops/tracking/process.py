"""Which process a run belongs to, so that whoever comes next can tell whether it still lives."""

from __future__ import annotations

import os
import socket

import psutil

# Linux derives a process's start from the boot time, which a correction of the clock shifts.
CLOCK_SLACK = 120.0  # seconds; a pid does not come round again sooner


def this_process() -> str:
    """`host/pid/start`, unique even where pids come round again."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid()):.1f}"


def is_known_dead(mark: str) -> bool:
    """Whether a mark is of this host and its process is gone. Other hosts cannot be judged."""
    host, pid, started = mark.rsplit("/", 2) if mark.count("/") > 1 else ("", "", "")
    if host != socket.gethostname():
        return False
    try:
        return abs(_started(int(pid)) - float(started)) > CLOCK_SLACK
    except (psutil.Error, ValueError):
        return True


def _started(pid: int) -> float:
    return psutil.Process(pid).create_time()
