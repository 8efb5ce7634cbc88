"""The data that a run saw, as MLflow's dataset inputs."""

from __future__ import annotations

import json

from mlflow.entities import Dataset, DatasetInput, InputTag

from lstm_ops.data.series import Series
from lstm_ops.tracking.store import Store, reports_trouble


@reports_trouble
def log_series(store: Store, run_id: str, series: Series, digest: str) -> None:
    """Name, digest, origin and size of the series. The rows themselves are an artifact."""
    dataset = Dataset(
        name=series.name,
        digest=digest,
        source_type="local" if "://" not in series.origin else "http",
        source=json.dumps({"uri": series.origin}),
        schema=json.dumps({"mlflow_colspec": _columns(series)}),
        profile=json.dumps({"num_rows": len(series), "num_elements": 2 * len(series)}),
    )
    tag = InputTag("mlflow.data.context", "training")
    store.client.log_inputs(run_id, [DatasetInput(dataset, [tag])])


def _columns(series: Series) -> list[dict[str, str | bool]]:
    time = "double" if series.spacing.unit == "number" else "datetime"
    return [
        {"type": time, "name": "t", "required": True},
        {"type": "double", "name": "y", "required": True},
    ]
