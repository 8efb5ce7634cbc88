"""SIGINT, SIGTERM and SIGHUP, noted instead of obeyed, so that nothing is stopped half-way."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

NOTED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """Someone asked us to end while we were starting. Not caught by `except Exception`."""


class Interruption:
    """Counts requests to end, from `with` on until its end. For the main thread."""

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interruption:
        for number in NOTED:
            before = signal.getsignal(number)
            if number == signal.SIGHUP and before == signal.SIG_IGN:
                continue  # under nohup, which means it
            self._before[number] = before
            signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def requested(self) -> bool:
        return self.count > 0

    def insisted(self) -> bool:
        """Asked again: end without waiting for anybody."""
        return self.count > 1

    def check(self) -> None:
        """Raises `Interrupted` if asked to end."""
        if self.requested():
            raise Interrupted

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
