"""Pieces of backtests as child runs, found again by what decides their result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
    found: dict[str, str] = {}
    for run in runs.find(store, experiment.experiment_id, wanted):  # the newest first
        key = run.data.tags.get(names.PIECE)
        if key and run.info.status == "FINISHED":
            found.setdefault(key, str(run.info.run_id))
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
