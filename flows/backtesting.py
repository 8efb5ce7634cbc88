"""The steps of the backtest flow: plain functions that hand on paths and pieces."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from prefect.futures import PrefectFuture, as_completed
from prefect.logging import get_run_logger

from flows import artifacts, reports
from flows.beginning import Opened
from flows.policy import patiently
from flows.progress import counted
from flows.runners import require_answer, workers
from flows.store import tracking_store
from flows.work import Work, folder_of, work_of
from lstm_ops import project
from lstm_ops.data.series import FloatArray, Series
from lstm_ops.evaluation import backtest, origins, outcome, walks
from lstm_ops.evaluation.backtest import Forecasts, Piece
from lstm_ops.evaluation.findings import Findings
from lstm_ops.experiment import Experiment
from lstm_ops.experiment.flat import flatten_one
from lstm_ops.tracking import links, names, pieces, runs


def require_cutoffs(series: Series, recipe: Experiment) -> None:
    """Raises what is wrong with a backtest of this series before anything is fitted."""
    plan = origins.plan(len(series), recipe)
    origins.require_varied(series.values, plan, recipe)
    require_answer(recipe.evaluation.runner)


def plan_pieces(opened: Opened, series: Path, fresh: bool) -> int:
    """Fetch the forecasts of pieces that earlier backtests have done; how many those are."""
    work, store = work_of(opened, series), tracking_store()
    done = {} if fresh else _done(work, opened)
    folder_of(opened).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=opened.folder) as scratch:
        for path in work.missing():
            if path.stem in done and (file := pieces.fetch(store, done[path.stem], Path(scratch))):
                file.replace(path)
    kept = len(work.files) - len(work.missing())
    note = f"{len(work.files)} pieces; {kept} are done already, found in MLflow"
    get_run_logger().info(note if kept else f"{len(work.files)} pieces, none done before")
    counts = {"pieces": float(len(work.files)), "pieces_kept": float(kept)}
    runs.log(store, opened.run_id, metrics=_metrics(counts))
    return kept


def prepare_pieces(opened: Opened, series: Path) -> None:
    """One after another, before fits race: what networks of one shape share. Dask's workers do
    it themselves."""
    runner = opened.recipe.evaluation.runner
    if runner.kind == "threads":
        work = work_of(opened, series)
        missing = list(work.missing().values())
        backtest.prepare(missing, work.series.values, opened.recipe, workers(runner))


def fit_piece(piece: Piece, values: FloatArray, recipe: Experiment) -> Forecasts:
    """Fit and forecast. It writes nothing, so that it may run on any machine, and twice."""
    return backtest.run_piece(piece, values, recipe)


def keep_each(opened: Opened, work: Work, futures: dict[Path, PrefectFuture[Forecasts]]) -> None:
    """As pieces are done, into MLflow; a failed one keeps no other from being kept."""
    failures: list[Exception] = []
    parent = runs.as_parent(tracking_store(), opened.run_id)
    paths = {future: path for path, future in futures.items()}
    with counted(f"backtest {opened.name}", len(futures), f"{opened.recipe.series}-progress") as on:
        for future in as_completed(list(futures.values())):
            try:
                patiently(_keep)(parent, opened.recipe, work, paths[future], future.result())
            except Exception as error:  # whatever it was, the others are worth keeping
                failures.append(error)
            on()
    if failures:
        raise failures[0]


def evaluate_pieces(opened: Opened, series: Path) -> Findings:
    """Pool, compare, draw, and put on the parent run what people look at."""
    work = work_of(opened, series)
    results = [(piece, backtest.read(path)) for path, piece in work.files.items()]
    found = outcome.judge(results, work.series, work.plan, opened.recipe, opened.name)
    report = opened.folder / "report"
    report.mkdir(exist_ok=True)
    content = reports.findings(found, report)
    reports.bring_back(opened.recipe, series, report)
    store = tracking_store()
    runs.log_folder(store, opened.run_id, report)
    for name in ("scores", "summary", "comparisons"):
        if rows := [_flat(row) for row in content[name]]:
            runs.log_table(store, opened.run_id, name, rows)
    best = found.standings[0]
    runs.log(
        store,
        opened.run_id,
        metrics=_metrics(best.mean),
        tags={names.DESCRIPTION: reports.description(found), names.FORECASTER: best.forecaster},
    )
    runs.finish(store, opened.run_id)
    return found


def report_backtest(opened: Opened, found: Findings) -> dict[str, Any]:
    """What a person wants to know, as Prefect artifacts and as the flow's result."""
    store, name = tracking_store(), opened.recipe.series
    run_url = links.run_url(store, opened.run_id)
    artifacts.table(f"{name}-backtest-scores", outcome.table(found), found.verdict)
    if found.comparisons:
        artifacts.table(f"{name}-comparisons", outcome.comparison_table(found), "a against b")
    artifacts.text(f"{name}-backtest-verdict", reports.description(found))
    without = f"`make ui`, then open it there: {opened.run_id}"
    artifacts.link(f"{name}-backtest-run", run_url, "MLflow run", without)
    get_run_logger().info(found.verdict)
    result = {
        "series": name,
        "experiment": opened.name,
        **outcome.as_dict(found),
        "table": outcome.plain(outcome.table(found)),
        "mlflow": {"run_id": opened.run_id, "run_url": run_url},
    }
    shutil.rmtree(opened.folder, ignore_errors=True)
    return result


def _done(work: Work, opened: Opened) -> dict[str, str]:
    """Run ids by key of the pieces that MLflow has for these data and this code."""
    digest, code = work.series.digest(), project.code_digest()
    return pieces.done(tracking_store(), opened.recipe.series, digest, code)


def _keep(
    parent: runs.Parent, recipe: Experiment, work: Work, path: Path, forecasts: Forecasts
) -> None:
    """On disk for this run, in MLflow for later ones."""
    piece = work.files[path]
    season = recipe.evaluation.season_length
    (walk,) = walks.walks([(piece, forecasts)], work.series.values, work.plan, season)
    cutoff = work.series.frame["t"].iloc[piece.blocks[0].fitted_at - 1]
    tags = {
        names.FORECASTER: str(piece.spec.name),
        names.CUTOFF: str(cutoff),
        names.PIECE: path.stem,
        **({} if piece.seed is None else {names.SEED: str(piece.seed)}),
    }
    metrics = {**_metrics(walk.score()), "fit/seconds": forecasts.seconds}
    with tempfile.TemporaryDirectory(dir=path.parents[1]) as scratch:
        file = Path(scratch) / pieces.FORECASTS
        backtest.save(forecasts, file)
        about = pieces.About(str(piece), tags, flatten_one(recipe, piece.spec, piece.seed), metrics)
        pieces.keep(tracking_store(), parent, about, file)
        file.replace(path)


def _metrics(score: walks.Metrics) -> dict[str, float]:
    return {f"backtest/{name}": value for name, value in score.items()}


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Without what has rows of its own."""
    return {key: value for key, value in row.items() if not isinstance(value, list | dict)}
