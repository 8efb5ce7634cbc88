"""A command measured as a whole process, with everything that it starts."""

from __future__ import annotations

import math
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from benchmarks.memory_sampler import MemorySampler

LAST_LINES = 30


@dataclass(frozen=True)
class Measured:
    """Seconds and MB of one process. CPU is of it and of all descendants that were waited for.

    `began`: local time, as logs show it. The peaks are NaN where nobody asked for them.
    """

    began: datetime
    wall: float
    cpu: float
    output: str
    errors: str
    main_peak: float = math.nan
    tree_peak: float = math.nan


class UnexpectedEnd(Exception):
    """A command did not end with the exit status that its benchmark takes for granted."""


def run(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    memory: bool = False,
    expected: int = 0,
) -> Measured:
    """Run it to its end. `memory`: sample it too, which costs time. Raises `UnexpectedEnd`."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        began, clock = datetime.now(), time.perf_counter()
        process = subprocess.Popen(
            arguments, cwd=folder, env=environment, stdout=output, stderr=errors
        )
        sampler = MemorySampler(process.pid) if memory else None
        cpu = _wait(process)
        wall = time.perf_counter() - clock
        peaks = sampler.stop() if sampler else (math.nan, math.nan)
        said = [_all_of(stream) for stream in (output, errors)]
    if process.returncode != expected:
        raise UnexpectedEnd(_obituary(arguments, process.returncode, expected, "\n".join(said)))
    return Measured(began, wall, cpu, said[0], said[1], *peaks)


def _all_of(stream: IO[str]) -> str:
    stream.seek(0)
    return stream.read()


def _wait(process: subprocess.Popen[bytes]) -> float:
    """CPU seconds. `wait4` rather than `wait`, since it tells them of this one child."""
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _obituary(arguments: Sequence[str], got: int, expected: int, said: str) -> str:
    last = "\n".join(said.splitlines()[-LAST_LINES:])
    command = " ".join(arguments)
    return f"`{command}` ended with exit status {got}, not {expected}. Its last words:\n{last}"
