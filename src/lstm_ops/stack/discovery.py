"""Which servers a command talks to: the environment, else the local stack, else embedded."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from lstm_ops.stack import record, store
from lstm_ops.stack.addresses import HOST
from lstm_ops.stack.health import answers

PREFECT_VARIABLE = "PREFECT_API_URL"
MLFLOW_VARIABLE = "MLFLOW_TRACKING_URI"
SQLITE = "sqlite:///"


def prefect_api_url() -> str | None:
    """The Prefect server to use; None means one of our own for this command (`embedded`)."""
    if url := os.environ.get(PREFECT_VARIABLE):
        return url
    stack = record.live()
    if stack and answers(stack.addresses.prefect_health):
        return stack.addresses.prefect_api
    return None


def tracking_uri() -> str:
    """The MLflow store to use; falls back on `mlflow/mlflow.db`."""
    if uri := os.environ.get(MLFLOW_VARIABLE):
        return uri
    stack = record.live()
    if stack and answers(stack.addresses.mlflow_health):
        return stack.addresses.mlflow
    return store.uri()


def is_local_store(uri: str) -> bool:
    """Whether that is the project's own SQLite file, directly or through the local stack.

    Both keep their artifacts in `store.artifacts()`.
    """
    if uri.startswith(SQLITE):
        return Path(uri.removeprefix(SQLITE)).resolve() == store.database()
    stack = record.live()
    return stack is not None and _endpoint(uri) == (HOST, stack.addresses.mlflow_port)


def _endpoint(uri: str) -> tuple[str, int | None]:
    parts = urlsplit(uri)
    host = parts.hostname or ""
    return (HOST if host == "localhost" else host), parts.port
