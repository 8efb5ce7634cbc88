"""Starting a child process so that it can be stopped for certain, with everything it started.

Each child leads a session of its own (a Ctrl-C in the terminal reaches the supervisor alone), and
bears a token in its environment that all its descendants inherit: it finds them again when the
child is dead, when they left its session, and from another process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from lstm_ops.errors import StackError
from lstm_ops.stack.logs import open_log
from lstm_ops.stack.marks import ProcessMark

TOKEN_VARIABLE = "LSTM_OPS_CHILD"
FLOW_RUN_VARIABLE = "PREFECT__FLOW_RUN_ID"  # what a Prefect worker hands to each flow-run process
POLL = 0.05  # seconds
KILLED_WITHIN = 5.0  # seconds that the kernel is given to end what was sent SIGKILL
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_RESTORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

Hurry = Callable[[], bool]


@dataclass(frozen=True)
class Command:
    """What to run: `name` is for logs and messages, `environment` the whole of it."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


class Child:
    """A process that we started. `token` is what it and its descendants are known by."""

    def __init__(
        self,
        command: Command,
        log: Path,
        token: str,
        death_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Starts at once. `death_signal` is sent to it should this process be killed (Linux)."""
        self.name = command.name
        self.log = log
        self.token = token
        self._process = _start(command, log, token, death_signal)
        self.mark = _mark(self._process)

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when one ended it."""
        return self._process.poll()

    def stop(self, grace: float, hurry: Hurry = lambda: False) -> None:
        """SIGTERM, `grace` seconds to obey, then SIGKILL; then the same for all it left behind.

        As soon as `hurry` says so there is no more waiting.
        """
        if self.exit_code is None:
            self._process.terminate()
            wait_until(lambda: self.exit_code is not None, grace, hurry)
        self.kill() if self.exit_code is None else end(family(self.token), grace, hurry)

    def kill(self) -> None:
        """SIGKILL to it and its descendants. A second look catches what was born meanwhile."""
        for _ in range(2):
            end(family(self.token), 0.0, lambda: True)
        if self.exit_code is None:
            self._process.kill()
        self._process.wait(KILLED_WITHIN)


def family(token: str, flow_runs: bool | None = None) -> list[psutil.Process]:
    """Every living process of ours whose token starts so.

    `flow_runs`: True for flow-run processes only, False for all but those.
    """
    return [
        process
        for process, environment in _environments()
        if environment.get(TOKEN_VARIABLE, "").startswith(token)
        and flow_runs in (None, FLOW_RUN_VARIABLE in environment)
    ]


def flow_run_processes() -> dict[str, psutil.Process]:
    """The flow-run processes alive on this machine, by flow run id; the eldest of each."""
    found: dict[str, psutil.Process] = {}
    for process, environment in _environments():
        if flow_run := environment.get(FLOW_RUN_VARIABLE):
            found.setdefault(flow_run, process)
    return found


def end(processes: Sequence[psutil.Process], grace: float, hurry: Hurry = lambda: False) -> None:
    """SIGTERM to each, SIGKILL to those that still live after `grace` seconds."""
    if not processes:
        return
    if not hurry():
        _signal(processes, signal.SIGTERM)
        wait_until(lambda: not _living(processes), grace, hurry)
    _signal(_living(processes), signal.SIGKILL)
    wait_until(lambda: not _living(processes), KILLED_WITHIN)


def wait_until(condition: Callable[[], bool], seconds: float, hurry: Hurry = lambda: False) -> bool:
    """Whether the condition came true within that time. Gives up early when `hurry` says so."""
    limit = time.monotonic() + seconds
    while not condition():
        if hurry() or time.monotonic() >= limit:
            return condition()
        time.sleep(POLL)
    return True


def _start(
    command: Command, log: Path, token: str, death_signal: signal.Signals
) -> subprocess.Popen[bytes]:
    with open_log(log, command.arguments) as stream:
        try:
            return subprocess.Popen(
                command.arguments,
                cwd=command.folder,
                env={**command.environment, TOKEN_VARIABLE: token},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_preparation(death_signal),
            )
        except OSError as error:
            raise StackError(f"cannot start {command.name}: {error}") from None


def _preparation(death_signal: signal.Signals) -> Callable[[], None]:
    """What the child does before it becomes its command. Runs between fork and exec: no imports.

    A shell starts `command &` with SIGINT ignored, and children inherit that: undone here.
    The kernel sends the death signal when the *thread* that started the child ends, so only the
    main thread asks for it.
    """
    parent = os.getpid()
    in_main_thread = threading.current_thread() is threading.main_thread()
    bound = sys.platform == "linux" and in_main_thread
    prctl = ctypes.CDLL(None).prctl if bound else None

    def prepare() -> None:
        for number in _RESTORED:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, int(death_signal))
            if os.getppid() != parent:  # killed before it could ask
                os._exit(1)

    return prepare


def _mark(process: subprocess.Popen[bytes]) -> ProcessMark:
    try:
        return ProcessMark.of(process.pid)
    except psutil.Error:  # already dead and gone
        return ProcessMark(process.pid, time.time())


def _environments() -> Iterable[tuple[psutil.Process, dict[str, str]]]:
    """Each process, eldest first, whose environment we may read."""
    for process in psutil.process_iter():
        try:
            yield process, process.environ()
        except (psutil.Error, OSError):
            continue


def _living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if _lives(process)]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)  # psutil makes sure that the pid was not given anew
        except psutil.Error:
            continue
