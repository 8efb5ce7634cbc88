"""The steps of the forecast flow: from the registry's champion to rows that others read."""

from __future__ import annotations

import base64
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from prefect.logging import get_run_logger

from flows import artifacts
from flows.beginning import Opened
from flows.store import tracking_store
from lstm_ops.data import forecasts as sinks
from lstm_ops.data import series as series_files
from lstm_ops.data.forecasts import NUMBERS, Forecasts, Written
from lstm_ops.data.series import Series
from lstm_ops.data.spacing import keeps_to
from lstm_ops.data.times import as_text
from lstm_ops.errors import ChampionUnusable, InvalidSeries, SeriesTooShort
from lstm_ops.evaluation import ahead_figure, drawing
from lstm_ops.experiment import Experiment
from lstm_ops.tracking import champions, links, names, runs
from lstm_ops.tracking.champions import Loaded, Version

BEYOND = 100  # rows more than look_back: newer versions see from them how far off they were lately
SHOWN = 40  # rows that a terminal shows
PICTURE = "figures/forecast.png"


def require_nothing_more(series: Series, recipe: Experiment) -> None:
    """How much history is needed, the champion says, and none of the recipe's windows."""
    del series, recipe


def reason_to_wait(opened: Opened) -> str | None:
    """That the series has no champion yet; None where it has one."""
    series = opened.recipe.series
    if champions.look(tracking_store(), series, names.CHAMPION):
        return None
    return f"{series} has no champion yet; a training makes the first"


def find_champion(opened: Opened) -> Version:
    """The version behind the alias now; the steps that follow keep to it."""
    return champions.find(tracking_store(), opened.recipe.series, names.CHAMPION)


def make_forecasts(opened: Opened, series: Path, version: Version) -> Forecasts:
    """Load the version and let it forecast.

    Raises `SeriesTooShort` or `InvalidSeries` where the history is not of its kind,
    `ChampionUnusable` where it fails, or forecasts what is no number.
    """
    observed, wanted = series_files.read(series), opened.recipe.forecast
    loaded = champions.load(tracking_store(), version)
    _require_history(observed, loaded)
    newest = observed.frame.tail(loaded.look_back + BEYOND).reset_index(drop=True)
    answer = loaded.forecast(newest["t"], newest["y"], wanted.horizon, wanted.level)
    return Forecasts(
        series=observed.name,
        version=int(version.number),
        forecaster=version.forecaster,
        cutoff=newest["t"].iloc[-1],
        level=wanted.level,
        made_at=datetime.now(UTC),
        steps=_steps(answer, wanted.horizon, version),
    )


def write_forecasts(opened: Opened, forecasts: Forecasts) -> Written:
    """Where the experiment says; rows that are there already stay."""
    kept = sinks.write(forecasts, opened.recipe.forecast)
    if not kept.new and (why := sinks.differences(kept, forecasts)):
        get_run_logger().warning("The forecast of %s stays: %s", forecasts.cutoff, why)
    return kept


def report_forecasts(
    opened: Opened, series: Path, forecasts: Forecasts, kept: Written
) -> dict[str, Any]:
    """What is there now: on the MLflow run, as Prefect artifacts, and as the flow's result."""
    observed = series_files.read(series)
    said = _sentence(forecasts, kept)
    rows = _rows(kept)
    picture = _draw(opened, observed, forecasts, kept)
    _log(opened, forecasts, kept, said)
    run_url = links.run_url(tracking_store(), opened.run_id)
    _show(opened, rows, said, picture if kept.new else None, run_url)
    shutil.rmtree(opened.folder, ignore_errors=True)
    get_run_logger().info(said)
    return {
        "series": forecasts.series,
        "experiment": opened.name,
        "version": str(forecasts.version),
        "forecaster": forecasts.forecaster,
        "cutoff": as_text(forecasts.cutoff),
        "horizon": len(rows),
        "level": float(kept.table["level"].iloc[0]),
        "written": kept.new,
        "target": kept.where,
        "forecasts": rows,
        "table": _shortened(rows),
        "verdict": said,
        "mlflow": {"run_id": opened.run_id, "run_url": run_url},
    }


def _require_history(series: Series, loaded: Loaded) -> None:
    if len(series) < loaded.look_back:
        raise SeriesTooShort(
            f"{series.name!r} has {len(series)} points; {loaded.version}, its champion, looks back "
            f"{loaded.look_back}. Give more history, or make a version champion that looks back "
            "less"
        )
    if not keeps_to(series.frame["t"], loaded.spacing):
        raise InvalidSeries(
            f"{series.name!r} comes at steps of {series.spacing}; {loaded.version}, its champion, "
            f"was trained at steps of {loaded.spacing}. Give data at that step, or train on these"
        )


def _steps(answer: pd.DataFrame, horizon: int, version: Version) -> pd.DataFrame:
    """time, forecast, lower, upper, a row a step; bounds that are no numbers are not known.

    Versions of old formats give none at all.
    """
    steps = answer.reindex(columns=["time", *NUMBERS]).astype(dict.fromkeys(NUMBERS, "float64"))
    steps = steps.replace([np.inf, -np.inf], np.nan)
    known = int(steps["forecast"].notna().sum())
    if (len(steps), known) != (horizon, horizon):
        raise ChampionUnusable(
            f"{version} of {version.series!r} gave {len(steps)} forecasts, {known} of them "
            f"numbers; {horizon} were asked for. Nothing was written. Roll back with "
            f"`lstm-ops champion rollback {version.series} --because …`"
        )
    return steps


def _sentence(forecasts: Forecasts, kept: Written) -> str:
    who = f"{forecasts.forecaster} (version {forecasts.version})"
    when = as_text(forecasts.cutoff).removesuffix(" 00:00:00")
    count = len(kept.table)
    steps = f"{count} step{'' if count == 1 else 's'}"
    begins = f"{who} forecasts {steps} of {forecasts.series} after {when}"
    if kept.new:
        return f"{begins}; {kept.new} rows written to {kept.where}."
    made = pd.Timestamp(kept.table["made_at"].iloc[0]).strftime("%Y-%m-%d %H:%M")
    why = sinks.differences(kept, forecasts)
    stays = f", and it stays: {why}" if why else ""
    return f"Nothing new: {begins}, written at {made} UTC to {kept.where}{stays}."


def _rows(kept: Written) -> list[dict[str, Any]]:
    """Plain values by step, None for a bound that is not known."""
    return _plain(kept.table.sort_values("step")[["step", "time", *NUMBERS]])


def _shortened(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For a terminal: the first, and in a row of their own how many more there are."""
    if len(rows) <= SHOWN:
        return rows
    more = {"step": "…", "time": f"{len(rows) - SHOWN} more"}
    return [*rows[:SHOWN], {**dict.fromkeys(rows[0]), **more}]


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]


def _draw(opened: Opened, series: Series, forecasts: Forecasts, kept: Written) -> Path:
    path = opened.folder / "report" / PICTURE
    path.parent.mkdir(parents=True, exist_ok=True)
    level = float(kept.table["level"].iloc[0])
    steps = kept.steps(series.frame["t"])
    who = f"{forecasts.forecaster}, version {forecasts.version}"
    drawing.save(ahead_figure.ahead(series, steps, who, level), path)
    return path


def _log(opened: Opened, forecasts: Forecasts, kept: Written, said: str) -> None:
    store, cutoff = tracking_store(), as_text(forecasts.cutoff)
    runs.log_folder(store, opened.run_id, opened.folder / "report")
    rows = kept.table.assign(made_at=kept.table["made_at"].astype(str))
    runs.log_table(store, opened.run_id, "forecasts", _plain(rows))
    parameters: dict[str, object] = {
        "version": forecasts.version,
        "cutoff": cutoff,
        "horizon": len(rows),
        "level": float(rows["level"].iloc[0]),
    }
    tags = {
        names.FORECASTER: forecasts.forecaster,
        names.CUTOFF: cutoff,
        names.DESCRIPTION: said,
    }
    runs.log(store, opened.run_id, parameters=parameters, tags=tags)
    runs.finish(store, opened.run_id)


def _show(
    opened: Opened, rows: list[dict[str, Any]], said: str, picture: Path | None, url: str | None
) -> None:
    """As Prefect artifacts; a picture only of what is new, since Prefect keeps every one."""
    series = opened.recipe.series
    artifacts.table(f"{series}-forecast", rows, said)
    if picture:
        content = base64.b64encode(picture.read_bytes()).decode("ascii")
        image = f"![forecast](data:image/png;base64,{content})"
        artifacts.text(f"{series}-forecast-figure", f"{said}\n\n{image}")
    without = f"`make ui`, then open it there: {opened.run_id}"
    artifacts.link(f"{series}-forecast-run", url, "MLflow run", without)
