"""The winner of a contest fitted on all data: a child run of the decision's, and a version."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from prefect.logging import get_run_logger

from flows.beginning import Opened
from flows.progress import progress
from flows.store import tracking_store
from lstm_ops.data.series import Series
from lstm_ops.evaluation import contest
from lstm_ops.evaluation.contest import Contender, Entry
from lstm_ops.evaluation.rolling import Rolling
from lstm_ops.experiment.files import dump
from lstm_ops.experiment.flat import flatten_one
from lstm_ops.models import catalog
from lstm_ops.redaction import redacted
from lstm_ops.tracking import champions, names, registry, runs
from lstm_ops.tracking.champions import Version
from lstm_ops.tracking.served.log import Served, log_model


@dataclass(frozen=True)
class Refitted:
    """A fit on every point as a logged model of its run, not registered yet."""

    contender: Contender
    rolling: Rolling
    run_id: str
    model_id: str
    cutoff: str

    @property
    def version(self) -> Version:
        """What it will be in the registry, but for its number."""
        name, series = str(self.contender.spec.name), self.contender.recipe.series
        recipe = self.contender.fingerprint
        return Version(series, "to be", name, recipe, self.cutoff, self.run_id)


def fit_anew(opened: Opened, chosen: Entry, series: Series) -> Refitted:
    """The recipe and seed of an entry, fitted on all of the series and logged."""
    contender, store = chosen.contender, tracking_store()
    cutoff = str(series.frame["t"].iloc[-1])
    run_id = _open_run(opened, chosen, cutoff)
    rolling = _fit(chosen, series)
    served = _served(chosen, rolling, series, opened.recipe.forecast.level)
    model_id = log_model(store, run_id, rolling.fitted, served)
    _log_recipe(opened, run_id, contender)
    metrics = {"model/parameters": float(rolling.fitted.parameters)}
    runs.log(store, run_id, metrics=metrics, losses=rolling.fitted.effort.losses)
    runs.finish(store, run_id)
    return Refitted(contender, rolling, run_id, model_id, cutoff)


def registered(made: Refitted) -> Version:
    """The version of it; the same one however often it is asked for."""
    store, version = tracking_store(), made.version
    about = {names.VERSION_RECIPE: version.recipe, names.VERSION_CUTOFF: version.cutoff}
    number = registry.register(
        store, version.series, made.model_id, made.run_id, version.forecaster, about
    )
    return champions.find(store, version.series, number)


def _open_run(opened: Opened, chosen: Entry, cutoff: str) -> str:
    """With every setting that bears on the fit. The one of an earlier try is discarded."""
    contender, store = chosen.contender, tracking_store()
    tags = {names.FORECASTER: str(contender.spec.name), names.CUTOFF: cutoff}
    if chosen.seed is not None:
        tags[names.SEED] = str(chosen.seed)
    run_id = runs.open_child(store, opened.run_id, f"{contender.name} on all data", tags)
    settings = flatten_one(contender.recipe, contender.spec, chosen.seed)
    runs.log(store, run_id, parameters=settings)
    return run_id


def _fit(chosen: Entry, series: Series) -> Rolling:
    contender = chosen.contender
    epochs = catalog.training_of(contender.spec, contender.recipe).epochs
    with progress(f"{contender.name} on all data", epochs, get_run_logger()) as on_epoch:
        return contest.fit(contender, chosen.seed, series.values, on_epoch)


def _served(chosen: Entry, rolling: Rolling, series: Series, level: float) -> Served:
    """Its intervals are made of the errors that the recipe made in the contest."""
    contender = chosen.contender
    return Served(
        series=series.name,
        forecaster=str(contender.spec.name),
        window=contender.recipe.window,
        scaling=rolling.scaling,
        spacing=series.spacing,
        calibration=chosen.calibration,
        level=level,
    )


def _log_recipe(opened: Opened, run_id: str, contender: Contender) -> None:
    """By which it is fitted again in the contests to come."""
    with tempfile.TemporaryDirectory(dir=opened.folder) as scratch:
        recipe = redacted(dump(contender.recipe))
        (Path(scratch) / champions.RECIPE).write_text(recipe, encoding="utf-8")
        runs.log_folder(tracking_store(), run_id, Path(scratch))
