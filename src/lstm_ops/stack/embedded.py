"""A Prefect server of our own, for one command, when no other answers."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path
from types import TracebackType

import psutil

from lstm_ops import project
from lstm_ops.errors import StackError
from lstm_ops.stack import commands, logs, template
from lstm_ops.stack.addresses import HOST
from lstm_ops.stack.health import answers
from lstm_ops.stack.ports import free_port
from lstm_ops.stack.processes import Child, wait_until

START_LIMIT = 120.0  # seconds
EMBEDDED_VARIABLE = "LSTM_OPS_EMBEDDED_PREFECT"  # set where links to Prefect would lead nowhere


class EmbeddedPrefect:
    """Starts a server at once and does not wait for it, so that imports may go on beside it.

    Make it in the main thread: the kernel then ends the server should this process be killed. Its
    database is thrown away with it.
    """

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._folder = _new_folder()
        port = free_port()
        self.api_url = f"http://{HOST}:{port}/api"
        self._database = self._folder / "prefect.db"
        self._migrated = template.copy_to(self._database)
        command = commands.embedded_prefect_server(port, self._folder, self._migrated)
        log = self._folder / "server.log"
        self._server: Child | None = Child(command, log, str(self._folder), signal.SIGKILL)
        atexit.register(self.stop)

    def __enter__(self) -> EmbeddedPrefect:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def wait(self) -> str:
        """The API's URL, once it answers. Raises `StackError` if the server dies or is too slow."""
        server = self._server
        if server is None:
            raise StackError("the temporary Prefect server has been stopped")
        health = f"{self.api_url}/health"
        wait_until(lambda: answers(health) or server.exit_code is not None, START_LIMIT)
        if server.exit_code is not None or not answers(health):
            raise self._failure(server)
        if not self._migrated:
            template.keep(self._database)
        return self.api_url

    def stop(self) -> None:
        """Ends the server without ado and removes its folder. May be called again."""
        if self._server is None or os.getpid() != self._owner:
            return
        self._server.kill()
        self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)
        atexit.unregister(self.stop)

    def _failure(self, server: Child) -> StackError:
        what = "did not answer in time" if server.exit_code is None else "died while starting"
        text = logs.tail(server.log)
        self.stop()
        return StackError(f"the temporary Prefect server {what}; its last words:\n{text}")


def _new_folder() -> Path:
    """A folder named after this process, so that the next command can tell it was left behind."""
    parent = project.state_folder() / "embedded"
    parent.mkdir(exist_ok=True)
    for folder in parent.iterdir():
        if not psutil.pid_exists(_owner_of(folder)):
            shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))


def _owner_of(folder: Path) -> int:
    pid = folder.name.partition("-")[0]
    return int(pid) if pid.isdigit() else 0
