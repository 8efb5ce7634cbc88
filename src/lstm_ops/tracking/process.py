"""Which process a run belongs to, so that whoever comes next can tell whether it still lives."""

from __future__ import annotations

import os
import socket

import psutil

# Linux derives a process's start from the boot time, which a correction of the clock shifts.
CLOCK_SLACK = 120.0  # seconds; a pid does not come round again sooner


def this_host() -> str:
    """The name under which this machine stands in marks."""
    return socket.gethostname()


def host_of(mark: str) -> str:
    """The host in a mark; empty where it is none."""
    return mark.rsplit("/", 2)[0] if mark.count("/") > 1 else ""


def this_process() -> str:
    """`host/pid/start`, unique even where pids come round again."""
    return f"{this_host()}/{os.getpid()}/{_started(os.getpid()):.1f}"


def is_known_dead(mark: str) -> bool:
    """Whether a mark is of this host and its process is gone. Other hosts cannot be judged."""
    if host_of(mark) != this_host():
        return False
    _, pid, started = mark.rsplit("/", 2)
    try:
        return abs(_started(int(pid)) - float(started)) > CLOCK_SLACK
    except (psutil.Error, ValueError):
        return True


def _started(pid: int) -> float:
    return psutil.Process(pid).create_time()
