"""A set of children that live and end together."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable

from lstm_ops.errors import StackError
from lstm_ops.stack import logs
from lstm_ops.stack.health import answers
from lstm_ops.stack.interruption import Interruption
from lstm_ops.stack.marks import ProcessMark
from lstm_ops.stack.processes import Child, Command, wait_until

START_LIMIT = 120.0  # seconds for any one step of a start
WATCH = 0.5  # seconds between two looks at the children

Say = Callable[[str], None]


def say(line: str) -> None:
    """To standard output while there is one: a closed terminal must not keep us from ending."""
    try:
        print(line, flush=True)
    except (OSError, ValueError):
        sys.stdout = None


class Children:
    """Supervises what it starts. Their tokens are `<token>/<name>`."""

    def __init__(self, token: str, interruption: Interruption, say: Say) -> None:
        self._token = token
        self._interruption = interruption
        self._say = say
        self._children: dict[str, Child] = {}

    def marks(self) -> dict[str, ProcessMark]:
        return {name: child.mark for name, child in self._children.items()}

    def start(self, command: Command) -> None:
        log = logs.log_path(command.name)
        self._children[command.name] = Child(command, log, f"{self._token}/{command.name}")

    def healthy(self, what: str, url: str) -> None:
        """Waits until that URL answers; says so."""
        began = time.monotonic()
        self.until(lambda: answers(url), f"{what} to answer at {url}")
        self._say(f"  {what} is ready ({time.monotonic() - began:.1f} s)")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Waits for it. Raises `StackError` when a child dies or time is up, or `Interrupted`."""

        def hopeless() -> bool:
            return self._interruption.requested() or self._dead() is not None

        met = wait_until(condition, START_LIMIT, hopeless)
        self._interruption.check()
        if dead := self._dead():
            raise StackError(_obituary(dead))
        if not met:
            raise StackError(f"waited {START_LIMIT:.0f} s for {what}; see .state/logs/")

    def run(self, command: Command) -> None:
        """Runs a command to its end. Raises `StackError` with its last lines if it fails."""
        child = Child(command, logs.log_path(command.name), f"{self._token}/{command.name}")
        try:
            self.until(lambda: child.exit_code is not None, f"{command.name} to end")
        finally:
            child.stop(grace=2, hurry=self._interruption.insisted)
        if child.exit_code != 0:
            raise StackError(_obituary(child))

    def watch(self) -> int:
        """Until asked to end (0), or until a child dies (1), which it tells."""
        while not self._interruption.requested():
            if dead := self._dead():
                self._say(_obituary(dead))
                return 1
            time.sleep(WATCH)
        return 0

    def stop(self, name: str, grace: float) -> None:
        """Ends one child, if it was started. Says so if that took more than asking."""
        if child := self._children.pop(name, None):
            began = time.monotonic()
            child.stop(grace, self._interruption.insisted)
            self._say(f"  {name} has ended ({time.monotonic() - began:.1f} s)")

    def _dead(self) -> Child | None:
        return next((c for c in self._children.values() if c.exit_code is not None), None)


def _obituary(child: Child) -> str:
    return (
        f"{child.name} ended with {_in_words(child.exit_code or 0)}; the last lines of "
        f"{child.log}:\n{logs.tail(child.log)}"
    )


def _in_words(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit status {exit_code}"
    return f"signal {signal.Signals(-exit_code).name}"
