"""The MLflow store of this process, chosen once: environment, local stack, the project's own."""

from __future__ import annotations

from functools import cache

from lstm_ops import project
from lstm_ops.stack.addresses import is_local_store, tracking_uri
from lstm_ops.tracking.store import Store, connect


@cache
def tracking_store() -> Store:
    """The store that every task of this process logs to."""
    uri = tracking_uri()
    artifacts = project.root() / "mlflow" / "artifacts" if is_local_store(uri) else None
    return connect(uri, artifacts)
