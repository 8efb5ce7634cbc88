"""The MLflow store of this process, chosen once: environment, local stack, the project's own."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from lstm_ops.stack import store as local_store
from lstm_ops.stack.discovery import is_local_store, tracking_uri
from lstm_ops.tracking.store import Store, connect


@cache
def tracking_store() -> Store:
    """The store that every task of this process logs to."""
    uri = tracking_uri()
    return connect(uri, local_store.artifacts() if is_local_store(uri) else None)


def now() -> datetime:
    """The clock of decisions."""
    return datetime.now(UTC)
