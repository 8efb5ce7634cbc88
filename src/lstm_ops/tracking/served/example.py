"""A history to ask a registered version with: what its training saw last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow.artifacts
from mlflow.exceptions import MlflowException

from lstm_ops.data import series as series_files
from lstm_ops.tracking import names
from lstm_ops.tracking.champions import Version
from lstm_ops.tracking.store import Store, reports_trouble

MORE_ROWS = 40  # than it needs, so that its intervals follow the latest errors
RECIPE = "artifacts/forecaster/recipe.json"


@reports_trouble
def newest_rows(store: Store, version: Version) -> dict[str, Any] | None:
    """`columns` and `data`, as JSON takes them, times as numbers or ISO 8601; None where the
    version's training left no series."""
    path = _series(store, version)
    if path is None:
        return None
    uri = f"models:/{version.series}/{version.number}/{RECIPE}"
    recipe = json.loads(Path(mlflow.artifacts.download_artifacts(uri)).read_text(encoding="utf-8"))
    frame = series_files.read(path).frame.tail(recipe["look_back"] + MORE_ROWS)
    times = frame["t"].tolist()
    written = times if isinstance(times[0], float) else [time.isoformat() for time in times]
    return {
        "columns": ["time", "value"],
        "data": [list(row) for row in zip(written, frame["y"].tolist(), strict=True)],
    }


def _series(store: Store, version: Version) -> Path | None:
    try:
        run = store.client.get_run(version.run_id)
        parent = run.data.tags.get(names.PARENT_RUN, version.run_id)
        return Path(store.client.download_artifacts(parent, "series.parquet"))
    except (MlflowException, OSError):
        return None
