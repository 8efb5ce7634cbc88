"""The most memory that a process and its descendants have held, looked at again and again."""

from __future__ import annotations

import threading

import psutil

EVERY = 0.05  # seconds
MB = 1e6


class MemorySampler:
    """Watches a process from now until `stop`, in a thread."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._main_peak = self._tree_peak = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> tuple[float, float]:
        """Peaks in MB: resident memory of the process, memory of it and its descendants."""
        self._stopped.set()
        self._thread.join()
        return self._main_peak / MB, self._tree_peak / MB

    def _watch(self) -> None:
        while not self._stopped.wait(EVERY):
            try:
                self._look()
            except psutil.Error:  # it has ended
                return

    def _look(self) -> None:
        self._main_peak = max(self._main_peak, self._process.memory_info().rss)
        tree = [self._process, *self._process.children(recursive=True)]
        self._tree_peak = max(self._tree_peak, sum(map(_share, tree)))


def _share(process: psutil.Process) -> int:
    """What it holds, pages held with others by its part of them; 0 once it has ended.

    Only Linux tells of parts; elsewhere shared pages count in full for each process.
    """
    try:
        if psutil.LINUX:
            return int(process.memory_full_info().pss)
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
