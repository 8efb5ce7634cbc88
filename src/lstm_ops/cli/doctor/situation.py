"""What all checks look at: which servers are meant, and what answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from lstm_ops.errors import StackError
from lstm_ops.stack import deployments, record, store
from lstm_ops.stack.discovery import MLFLOW_VARIABLE, PREFECT_VARIABLE, SQLITE, is_local_store
from lstm_ops.stack.prefect_http import PrefectApi
from lstm_ops.stack.record import Record

PATIENCE = 5.0  # seconds for one request


@dataclass(frozen=True)
class Server:
    """A server that should be there: by whose word, and where."""

    meant_by: str
    url: str


@dataclass(frozen=True)
class Situation:
    """Looked at once and handed to every check. `mend`: close what is lost, or only name it."""

    now: datetime
    stale_files: list[Path]
    stack: Record | None
    mend: bool = False

    @classmethod
    def of(cls, now: datetime, mend: bool) -> Situation:
        """What a killed stack left is looked at first: `record.live` puts it away."""
        return cls(now, record.stale_files(), record.live(), mend)

    @property
    def prefect(self) -> Server | None:
        """None where no server is meant: a command then starts one of its own."""
        if url := os.environ.get(PREFECT_VARIABLE):
            return Server(PREFECT_VARIABLE, url)
        if self.stack:
            return Server("make up", self.stack.addresses.prefect_api)
        return None

    @property
    def mlflow(self) -> Server:
        """The store that commands use: a database or a server."""
        if uri := os.environ.get(MLFLOW_VARIABLE):
            return Server(MLFLOW_VARIABLE, uri)
        if self.stack:
            return Server("make up", self.stack.addresses.mlflow)
        return Server("default", store.uri())

    @property
    def mlflow_database(self) -> str | None:
        """The database behind it, where it can be reached from here; None: only its server can."""
        uri = self.mlflow.url
        if is_local_store(uri):
            return store.uri()
        return None if uri.startswith(("http://", "https://")) else uri

    @property
    def nothing_trained(self) -> bool:
        """Whether the store is a file that the first training will make."""
        database = self.mlflow_database or ""
        return database.startswith(SQLITE) and not Path(database.removeprefix(SQLITE)).is_file()

    @cached_property
    def prefect_trouble(self) -> str | None:
        """Why the server that is meant cannot be asked; None where it can."""
        try:
            with self.asking() as api:
                api.about()
        except StackError as error:
            return str(error)
        return None

    @contextmanager
    def asking(self) -> Iterator[PrefectApi]:
        """The server that is meant, with little patience."""
        if self.prefect is None:
            raise StackError("no Prefect server is meant")
        with PrefectApi(self.prefect.url, timeout=PATIENCE) as api:
            yield api

    @cached_property
    def deployed(self) -> dict[str, deployments.Deployment]:
        """The server's deployments, by name."""
        with self.asking() as api:
            return deployments.on_server(api)
