"""The steps of the train flow: plain functions that hand on paths, ids and scores."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from prefect.logging import get_run_logger

from flows import artifacts, reports
from flows.beginning import Opened
from flows.explanations import log_explanation
from flows.gathering import require_contest
from flows.progress import progress
from flows.store import tracking_store
from lstm_ops.data import series as series_files
from lstm_ops.data import windows as window_files
from lstm_ops.data.series import Series
from lstm_ops.data.windows import Parts
from lstm_ops.data.windows_contract import check_windows
from lstm_ops.evaluation import drawing, figures, scores, text, verdict
from lstm_ops.evaluation.scores import Score, Summary
from lstm_ops.evaluation.trial import Trial as TrialResult
from lstm_ops.evaluation.trial import noise_floor, prepare, run_trial
from lstm_ops.experiment import Experiment, ForecasterSpec
from lstm_ops.experiment.flat import flatten_one
from lstm_ops.experiment.recipe import alone, fingerprint
from lstm_ops.models import catalog
from lstm_ops.tracking import ledger, links, names, registry, runs
from lstm_ops.tracking.served.log import Served, log_model


@dataclass(frozen=True)
class Trial:
    """One forecaster with one seed; `seed` is None where none is needed."""

    spec: ForecasterSpec
    seed: int | None

    def __str__(self) -> str:
        seed = "" if self.seed is None else f" seed {self.seed}"
        return f"{self.spec.name}{seed}"


@dataclass(frozen=True)
class Fit:
    """What a trial left behind."""

    score: Score
    run_id: str
    model_id: str
    losses: tuple[float, ...]
    forecasts: Path


@dataclass(frozen=True)
class Outcome:
    """The comparison of all trials, best forecaster first."""

    summaries: list[Summary]
    verdict: str


@dataclass(frozen=True)
class Registration:
    """The versions made, by forecaster."""

    versions: dict[str, str]


def trials(recipe: Experiment) -> list[Trial]:
    """Every forecaster with every seed; those that no seed changes once."""
    return [
        Trial(spec, seed)
        for spec in recipe.forecasters
        for seed in (recipe.seeds if catalog.create(spec, recipe).stochastic else (None,))
    ]


def require_windows(series: Series, recipe: Experiment) -> None:
    """Raises `SeriesTooShort` unless every part has a window, and the gate enough to judge on."""
    require_contest(series, recipe)
    window_files.require_enough(len(series), recipe.split, recipe.window, recipe.series)


def cut_windows(opened: Opened, series: Path) -> Path:
    """Split, cut and check; note the last observation that the final fits see."""
    recipe = opened.recipe
    observed = series_files.read(series)
    parts = window_files.split(observed.values, recipe.split, recipe.window, recipe.series)
    check_windows(parts, recipe.window)
    path = opened.folder / "windows.npz"
    window_files.save(parts, path)
    cutoff = observed.frame["t"].iloc[len(parts.train_values) - 1]
    runs.log(tracking_store(), opened.run_id, tags={names.CUTOFF: str(cutoff)})
    return path


def prepare_forecasters(opened: Opened, windows: Path) -> None:
    """One after another, before the fits race: what networks of one shape share."""
    parts = window_files.read(windows)
    for spec in opened.recipe.forecasters:
        prepare(catalog.create(spec, opened.recipe), parts)


def fit_trial(trial: Trial, opened: Opened, series: Path, windows: Path) -> Fit:
    """Fit, score and log one forecaster with one seed, as a child run with its model."""
    recipe, store = opened.recipe, tracking_store()
    tags = {names.FORECASTER: str(trial.spec.name)}
    if trial.seed is not None:
        tags[names.SEED] = str(trial.seed)
    run_id = runs.open_child(store, opened.run_id, str(trial), tags)
    runs.log(store, run_id, parameters=flatten_one(recipe, trial.spec, trial.seed))
    observed = series_files.read(series)
    parts = window_files.read(windows)
    result = _run(trial, recipe, observed, parts)
    served = Served(
        series=recipe.series,
        forecaster=str(trial.spec.name),
        window=recipe.window,
        scaling=result.scaling,
        spacing=observed.spacing,
        calibration=result.calibration,
        level=recipe.forecast.level,
    )
    model_id = log_model(store, run_id, result.fitted, served)
    losses = result.fitted.effort.losses
    runs.log(store, run_id, metrics=result.metrics, losses=losses, model_id=model_id)
    if trial.spec.kind == "lstm":
        layout = recipe.window.layout
        log_explanation(run_id, recipe.series, str(trial), result, parts.train, layout)
    runs.finish(store, run_id)
    forecasts = opened.folder / f"{run_id}.npy"
    np.save(forecasts, result.test_forecasts, allow_pickle=False)
    score = Score(str(trial.spec.name), trial.spec.kind, trial.seed, result.metrics)
    return Fit(score, run_id, model_id, losses, forecasts)


def evaluate_trials(opened: Opened, series: Path, windows: Path, fits: Sequence[Fit]) -> Outcome:
    """Compare, draw, and put on the parent run what people look at and what brings it back."""
    summaries = scores.summarise([fit.score for fit in fits])
    outcome = Outcome(summaries, verdict.sentence(summaries))
    report = opened.folder / "report"
    _draw(report / "figures", series_files.read(series), window_files.read(windows), fits, outcome)
    reports.bring_back(opened.recipe, series, report)
    store = tracking_store()
    runs.log_folder(store, opened.run_id, report)
    runs.log_table(store, opened.run_id, "scores", scores.table(summaries))
    description = f"{outcome.verdict}\n\n{text.markdown(scores.table(summaries))}"
    runs.log(
        store,
        opened.run_id,
        metrics=summaries[0].metrics,
        tags={names.DESCRIPTION: description, names.FORECASTER: summaries[0].forecaster},
    )
    return outcome


def register_models(opened: Opened, outcome: Outcome, fits: Sequence[Fit]) -> Registration:
    """A version for each forecaster, the best as `@challenger`; then the training is done."""
    store, series = tracking_store(), opened.recipe.series
    versions = {}
    for summary in outcome.summaries:
        fit = fits[summary.representative]
        versions[summary.forecaster] = registry.register(
            store, series, fit.model_id, fit.run_id, summary.forecaster, _about(opened, summary)
        )
    ledger.propose(store, series, versions[outcome.summaries[0].forecaster])
    runs.finish(store, opened.run_id)
    return Registration(versions)


def report_training(
    opened: Opened, outcome: Outcome, registration: Registration, decided: dict[str, Any]
) -> dict[str, Any]:
    """What a person wants to know, as Prefect artifacts and as the flow's result.

    `decided`: what the gate reports.
    """
    store, series = tracking_store(), opened.recipe.series
    run_url = links.run_url(store, opened.run_id)
    rows = scores.table(outcome.summaries)
    without = "`make ui`, then open it there: "
    artifacts.table(f"{series}-scores", rows, outcome.verdict)
    artifacts.text(f"{series}-verdict", f"**{outcome.verdict}**\n\n{text.markdown(rows)}")
    artifacts.link(f"{series}-mlflow-run", run_url, "MLflow run", f"{without}{opened.run_id}")
    shutil.rmtree(opened.folder, ignore_errors=True)
    get_run_logger().info(outcome.verdict)
    return {
        "series": series,
        "experiment": opened.name,
        "verdict": outcome.verdict,
        "scores": rows,
        "decision": {**decided["decision"], "sentence": decided["verdict"]},
        "champion": decided["champion"],
        "versions": registration.versions,
        "mlflow": {
            "run_id": opened.run_id,
            "run_url": run_url,
            "model_url": decided["mlflow"]["model_url"],
            "decision_run_id": decided["mlflow"]["run_id"],
        },
    }


def _about(opened: Opened, summary: Summary) -> dict[str, str]:
    """On its version: its recipe's fingerprint, and the last time that it has seen."""
    (spec,) = [s for s in opened.recipe.forecasters if s.name == summary.forecaster]
    tags = runs.as_parent(tracking_store(), opened.run_id).tags
    return {
        names.VERSION_RECIPE: fingerprint(alone(opened.recipe, spec)),
        names.VERSION_CUTOFF: tags[names.CUTOFF],
    }


def _run(trial: Trial, recipe: Experiment, series: Series, parts: Parts) -> TrialResult:
    forecaster = catalog.create(trial.spec, recipe)
    epochs, logger = catalog.training_of(trial.spec, recipe).epochs, get_run_logger()
    with (
        progress(f"{trial}, validation fit", epochs, logger) as on_validation_epoch,
        progress(f"{trial}", epochs, logger) as on_epoch,
    ):
        return run_trial(
            forecaster,
            parts,
            recipe.scaling,
            seed=trial.seed or 0,
            signal=series.signal,
            steps=recipe.forecast.horizon,
            on_epoch=on_epoch,
            on_validation_epoch=on_validation_epoch,
        )


def _draw(
    folder: Path, series: Series, parts: Parts, fits: Sequence[Fit], outcome: Outcome
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [fits[summary.representative] for summary in outcome.summaries]
    forecasts = {fit.score.forecaster: np.load(fit.forecasts, allow_pickle=False) for fit in chosen}
    losses = {_label(fit.score): fit.losses for fit in fits if fit.losses}
    floor = noise_floor(parts.test, series.signal) if series.signal is not None else None
    n_fit, n_train = len(parts.fit_values), len(parts.train_values)
    drawing.save(figures.series_with_split(series, n_fit, n_train), folder / "series.png")
    drawing.save(
        figures.forecasts_against_actual(series, parts.test, forecasts), folder / "forecasts.png"
    )
    drawing.save(figures.loss_curves(losses), folder / "loss.png")
    drawing.save(figures.errors(outcome.summaries, floor), folder / "test_rmse.png")


def _label(score: Score) -> str:
    return score.forecaster if score.seed is None else f"{score.forecaster} seed {score.seed}"
