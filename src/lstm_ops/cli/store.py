"""The MLflow store that a command reads, as long as there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_ops.errors import InvalidInput

if TYPE_CHECKING:
    from lstm_ops.tracking.store import Store


def existing_store(wanted: str) -> Store:
    """Raises `InvalidInput`, naming what was `wanted`, where nothing was ever trained."""
    from lstm_ops.stack import store as local_store
    from lstm_ops.stack.discovery import is_local_store, tracking_uri

    uri = tracking_uri()
    if uri == local_store.uri() and not local_store.database().is_file():
        raise InvalidInput(
            f"nothing has been trained yet, so there is no {wanted}; first: make run"
        )
    from lstm_ops.tracking.store import connect

    return connect(uri, local_store.artifacts() if is_local_store(uri) else None)
