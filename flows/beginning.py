"""How a flow on an experiment begins: its recipe, its parent run, and a series that is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.endings import rejected_rows_shown, this_flow_run
from flows.store import tracking_store
from lstm_ops import experiment as experiments
from lstm_ops import project
from lstm_ops.data import raw as raw_files
from lstm_ops.data import series as series_files
from lstm_ops.data.contract import check_series
from lstm_ops.data.series import Series
from lstm_ops.data.sources import load_raw
from lstm_ops.experiment import Experiment
from lstm_ops.experiment.flat import flatten
from lstm_ops.stack.flow_run_ends import ended
from lstm_ops.tracking import inputs, lost, names, runs
from lstm_ops.tracking.runs import FlowRunLink


@dataclass(frozen=True)
class Opened:
    """What is under way: the recipe, its parent run, and a folder for what steps hand on."""

    recipe: Experiment
    name: str
    run_id: str
    folder: Path


def open_run(flow: str, experiment: str, overrides: dict[str, Any]) -> Opened:
    """Resolve the recipe, open its parent run, and make a folder for what steps hand on."""
    recipe = experiments.load(experiment, overrides)
    name = Path(experiment).stem
    run_id = open_parent(flow, recipe, name, this_flow_run())
    folder = project.state_folder() / "work" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    return Opened(recipe, name, run_id, folder)


def open_parent(flow: str, recipe: Experiment, name: str, link: FlowRunLink) -> str:
    """The parent run alone, with every setting, after closing what nobody works on any more."""
    store = tracking_store()
    lost.close_lost_runs(store, ended)
    run_id = runs.open_parent(store, recipe.series, f"{flow} {name}", flow, link)
    tags = {names.EXPERIMENT: name, names.CODE_DIGEST: project.code_digest()}
    runs.log(store, run_id, parameters=flatten(recipe), tags=tags)
    return run_id


def load_series(opened: Opened) -> Path:
    """Fetch the series as its source gives it."""
    path = opened.folder / "raw.parquet"
    raw_files.save(load_raw(opened.recipe), path)
    return path


def validate_series(
    opened: Opened, raw: Path, require: Callable[[Series, Experiment], object]
) -> Path:
    """Check the contract and what else the flow requires; note in the run which data it was."""
    recipe, store = opened.recipe, tracking_store()
    with rejected_rows_shown(opened.run_id, recipe.series):
        series = check_series(raw_files.read(raw))
        require(series, recipe)
    path = opened.folder / "series.parquet"
    series_files.save(series, path)
    inputs.log_series(store, opened.run_id, series, series.digest())
    runs.log(store, opened.run_id, tags={names.DATA_DIGEST: series.digest()})
    return path
