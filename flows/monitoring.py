"""The steps of the monitor flow: from a series and past forecasts to a status page."""

from __future__ import annotations

import base64
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from prefect.logging import get_run_logger

from flows import artifacts, store
from flows.beginning import Opened
from flows.store import tracking_store
from lstm_ops.data import forecasts as sinks
from lstm_ops.data import history
from lstm_ops.data import raw as raw_files
from lstm_ops.data import series as series_files
from lstm_ops.data.forecasts import NUMBERS
from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation import ahead_figure, drawing, text
from lstm_ops.evaluation.monitoring import figures, page, verdict
from lstm_ops.evaluation.monitoring.drift import drift
from lstm_ops.evaluation.monitoring.freshness import age_in_steps
from lstm_ops.evaluation.monitoring.live import joined, live, of_versions
from lstm_ops.evaluation.monitoring.page import Line, Picture
from lstm_ops.evaluation.monitoring.promise import promised, rmse_by_step
from lstm_ops.evaluation.monitoring.verdict import Alarm, Measured
from lstm_ops.tracking import champions, ledger, links, names, recent, runs
from lstm_ops.tracking.champions import Version
from lstm_ops.tracking.ledger.history import lines

PAGE = "status.html"
FLOWS = ("ingest", "forecast", "monitor", "train", "backtest", "promote")
RUNS_A_FLOW = 3
DECISIONS = 10
DRAWN = 4  # windows of the live errors


@dataclass(frozen=True)
class Findings:
    """`rows`: every forecast that time has judged; `forecasts`: all that were read; `promise`:
    the champion's RMSE by step."""

    measured: Measured
    alarms: list[Alarm]
    rows: pd.DataFrame
    forecasts: pd.DataFrame
    promise: FloatArray

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        return verdict.sentence(self.measured, self.alarms)


def load_history(opened: Opened) -> Path:
    """Fetch the series with more history than forecasts are made of, for drift."""
    path = opened.folder / "raw.parquet"
    raw_files.save(history.load_history(opened.recipe), path)
    return path


def find_champion(opened: Opened) -> Version | None:
    """None before the first: that is no failure."""
    return champions.look(tracking_store(), opened.recipe.series, names.CHAMPION)


def measure(
    opened: Opened, series: Path, version: Version | None, now: datetime | None
) -> Findings:
    """All that can be told of the series and its champion at that moment."""
    observed, settings = series_files.read(series), opened.recipe.monitor
    moment = _aware(now or store.now())
    forecasts = sinks.read(opened.recipe.forecast, observed.name)
    rows = joined(forecasts, observed)
    seen = observed.points_until(version.cutoff) if version and version.cutoff else 0
    own = of_versions(rows, [int(version.number)] if version else [])
    found = live(own, len(observed), settings.window, after=seen)
    promise = rmse_by_step(champions.calibration(tracking_store(), version) if version else [])
    number = int(version.number) if version else 0
    measured = Measured(
        series=observed,
        now=moment,
        champion=str(version) if version else None,
        version=version.number if version else None,
        seen=seen,
        live=found,
        promised=promised({number: promise}, found.rows) if found else None,
        age=age_in_steps(observed, moment),
        drift=drift(observed.values, seen, settings.drift) if seen and settings.drift else None,
    )
    return Findings(measured, verdict.alarms(measured, settings), rows, forecasts, promise)


def draw(opened: Opened, findings: Findings) -> Path:
    """The status page, with its pictures beside it."""
    folder = opened.folder / "report" / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    rows = verdict.table(findings.measured, opened.recipe.monitor, findings.alarms)
    path = folder.parent / PAGE
    content = page.page(
        findings.measured,
        findings.alarms,
        rows,
        findings.sentence,
        _pictures(opened, findings, folder),
        _history(opened),
        _runs(opened),
    )
    path.write_text(content, encoding="utf-8")
    return path


def log(opened: Opened, findings: Findings, page: Path) -> None:
    """Metrics, tags, table and page, on the run in MLflow."""
    store, measured = tracking_store(), findings.measured
    rows = verdict.table(measured, opened.recipe.monitor, findings.alarms)
    runs.log_folder(store, opened.run_id, page.parent)
    runs.log_table(store, opened.run_id, "monitor", rows)
    tags = {
        names.ALARMS: ",".join(alarm.kind for alarm in findings.alarms) or "none",
        names.DESCRIPTION: findings.sentence,
    }
    runs.log(store, opened.run_id, metrics=verdict.metrics(measured), tags=tags)


def report(opened: Opened, findings: Findings, page: Path, news: list[str]) -> dict[str, Any]:
    """Prefect's artifacts, and the flow's result. `news`: kinds of the alarms told just now."""
    store, measured, said = tracking_store(), findings.measured, findings.sentence
    rows = verdict.table(measured, opened.recipe.monitor, findings.alarms)
    run_url = links.run_url(store, opened.run_id)
    _show(opened, rows, said, page, run_url)
    runs.finish(store, opened.run_id)
    shutil.rmtree(opened.folder, ignore_errors=True)
    get_run_logger().log(30 if findings.alarms else 20, said)
    return {
        "series": measured.series.name,
        "experiment": opened.name,
        "now": measured.now.isoformat(),
        "version": measured.version,
        "metrics": verdict.metrics(measured),
        "alarms": [
            {
                "kind": alarm.kind,
                "since": alarm.since,
                "told": alarm.kind in news,
                "evidence": alarm.evidence,
                "sentence": alarm.sentence,
            }
            for alarm in findings.alarms
        ],
        "table": rows,
        "verdict": said,
        "mlflow": {"run_id": opened.run_id, "run_url": run_url},
    }


def _aware(moment: datetime) -> datetime:
    """In UTC; one without a zone is meant so."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _pictures(opened: Opened, findings: Findings, folder: Path) -> list[Picture]:
    measured, window = findings.measured, opened.recipe.monitor.window
    first = len(measured.series) - DRAWN * window
    allowed = None
    if measured.promised is not None:
        allowed = verdict.bound(measured.promised, opened.recipe.monitor)
    drawn = findings.rows[findings.rows["at"] >= first]
    drawing.save(
        figures.errors(drawn, measured, findings.promise, allowed), folder / "live-errors.png"
    )
    drawing.save(figures.drifts(measured), folder / "drift.png")
    return [
        *_fan(findings, folder),
        Picture(
            folder / "live-errors.png",
            "Live errors against the promise",
            "Dots: all forecasts of a target together, of whichever version was champion. The "
            "promise is the RMSE that the champion's calibration gives for the same steps ahead.",
        ),
        Picture(
            folder / "drift.png",
            "Drift",
            "Page and Hinkley's statistics of what an autoregression does not foretell. They "
            "grow where the series is no longer what the champion has seen.",
        ),
    ]


def _fan(findings: Findings, folder: Path) -> list[Picture]:
    """The forecast that was made last; none where nothing was."""
    made, measured = findings.forecasts, findings.measured
    if made.empty:
        return []
    newest = made.sort_values("made_at").to_dict("records")[-1]
    own = made[(made["cutoff"] == newest["cutoff"]) & (made["version"] == newest["version"])]
    times = own.sort_values("step")["time"].astype(measured.series.frame["t"].dtype)
    steps = own.sort_values("step")[list(NUMBERS)].assign(time=times)
    who = f"{newest['forecaster']}, version {newest['version']}"
    known, level = measured.series.points_until(newest["cutoff"]), float(newest["level"])
    if not known:  # from a cutoff that the series no longer has
        return []
    figure = ahead_figure.ahead(measured.series, steps, who, level, known)
    drawing.save(figure, folder / "forecast.png")
    caption = (
        f"Made at {pd.Timestamp(newest['made_at']):%Y-%m-%d %H:%M} UTC, from {newest['cutoff']}."
    )
    return [Picture(folder / "forecast.png", "The newest forecast", caption)]


def _history(opened: Opened) -> list[Line]:
    series, store = opened.recipe.series, tracking_store()
    entries = ledger.entries(store, series)[-DECISIONS:][::-1]
    return [
        Line(
            at=f"{line.entry.at:%Y-%m-%d %H:%M}",
            what=line.entry.move,
            state=line.entry.state,
            said=f"{line.entry.forecaster}: {line.entry.because}",
            url=line.url,
        )
        for line in lines(store, series, entries)
    ]


def _runs(opened: Opened) -> list[Line]:
    found = recent.last_runs(tracking_store(), opened.recipe.series, FLOWS, RUNS_A_FLOW)
    others = [past for past in found if past.run_id != opened.run_id]
    return [
        Line(f"{past.began:%Y-%m-%d %H:%M}", past.name, past.status, past.said[:300], past.url)
        for past in others
    ]


def _show(opened: Opened, rows: list[verdict.Row], said: str, page: Path, url: str | None) -> None:
    """As Prefect artifacts: the table, a summary with one picture, and the way to the page."""
    series = opened.recipe.series
    artifacts.table(f"{series}-monitor", rows, said)
    content = base64.b64encode((page.parent / "figures" / "live-errors.png").read_bytes())
    image = f"![live errors](data:image/png;base64,{content.decode('ascii')})"
    where = f"[The status page is an artifact of this run]({url}), `{PAGE}`."
    without = f"The status page: `make ui`, then artifact `{PAGE}` of run {opened.run_id}."
    summary = f"**{said}**\n\n{text.markdown(rows)}\n\n{image}\n\n{where if url else without}"
    artifacts.text(f"{series}-status", summary)
