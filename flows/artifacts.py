"""Prefect artifacts: what a flow run shows on its own page."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from lstm_ops.stack.embedded import EMBEDDED_VARIABLE

MOST_ROWS = 200


def is_embedded() -> bool:
    """Whether the Prefect server ends with this process, so that links to it lead nowhere."""
    return EMBEDDED_VARIABLE in os.environ


def table(key: str, rows: Sequence[dict[str, Any]], description: str) -> None:
    """Rows under `key`; of many the first, and how many there were."""
    more = f" (first {MOST_ROWS} of {len(rows)} rows)" if len(rows) > MOST_ROWS else ""
    shown = [{name: _cell(value) for name, value in row.items()} for row in rows[:MOST_ROWS]]
    create_table_artifact(shown, key=key, description=description + more)


def text(key: str, content: str) -> None:
    """Markdown under `key`."""
    create_markdown_artifact(content, key=key)


def link(key: str, url: str | None, title: str, without: str) -> None:
    """A link under `key`; where nothing answers at an address, words on how to open it."""
    if url is None:
        create_markdown_artifact(f"{title}: {without}", key=key)
    else:
        create_link_artifact(url, title, key=key, description=f"[{title}]({url})")


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
