"""Pieces of backtests as child runs, found again by what decides their result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlflow.entities import ViewType

from lstm_ops.tracking import names, runs
from lstm_ops.tracking.store import Store, reports_trouble

FORECASTS = "forecasts.npz"
FLOW = "backtest"


@reports_trouble
def done(store: Store, series: str, data_digest: str, code_digest: str) -> dict[str, str]:
    """Run ids by key of every piece that was finished on these data by this code."""
    experiment = store.client.get_experiment_by_name(series)
    if experiment is None:
        return {}
    wanted = {
        names.FLOW: FLOW,
        names.DATA_DIGEST: data_digest,
        names.CODE_DIGEST: code_digest,
    }
    condition = " and ".join(f"tags.`{key}` = '{value}'" for key, value in wanted.items())
    found: dict[str, str] = {}
    token: str | None = None
    while True:
        page = store.client.search_runs(
            [experiment.experiment_id],
            f"{condition} and attributes.status = 'FINISHED'",
            ViewType.ACTIVE_ONLY,
            max_results=1000,
            page_token=token,
        )
        for run in page:  # the newest first
            if key := run.data.tags.get(names.PIECE):
                found.setdefault(key, str(run.info.run_id))
        token = page.token
        if not token:
            return found


@dataclass(frozen=True)
class About:
    """What a piece's run is called and says."""

    name: str
    tags: Mapping[str, str]
    parameters: Mapping[str, object]
    metrics: Mapping[str, float]


@reports_trouble
def keep(store: Store, parent: runs.Parent, about: About, forecasts: Path) -> str:
    """A child run with a piece's settings, scores and forecasts; its id."""
    run_id = runs.add_child(store, parent, about.name, about.tags)
    runs.log(store, run_id, parameters=about.parameters, metrics=about.metrics)
    store.client.log_artifact(run_id, str(forecasts))
    runs.finish(store, run_id)
    return run_id


@reports_trouble
def fetch(store: Store, run_id: str, folder: Path) -> Path | None:
    """The forecasts of a piece, put into a folder; None where somebody has removed them."""
    if FORECASTS not in {file.path for file in store.client.list_artifacts(run_id)}:
        return None
    return Path(store.client.download_artifacts(run_id, FORECASTS, str(folder)))
