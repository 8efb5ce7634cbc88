"""What tells one process from every other that ever had or will have its number."""

from __future__ import annotations

import os
from dataclasses import dataclass

import psutil

# Linux derives the time of birth from the boot time, which NTP may shift between two readings.
CLOCK_SLACK = 2.0


@dataclass(frozen=True)
class ProcessMark:
    """A process by its pid and its time of birth, in seconds since 1970."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> ProcessMark:
        """The mark of a process that lives. Raises `psutil.NoSuchProcess` otherwise."""
        return cls(pid, psutil.Process(pid).create_time())

    @classmethod
    def of_this_process(cls) -> ProcessMark:
        return cls.of(os.getpid())

    def alive(self) -> bool:
        """Whether that very process still runs. One dead but not yet reaped does not."""
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return abs(process.create_time() - self.created) < CLOCK_SLACK
        except psutil.Error:
            return False
