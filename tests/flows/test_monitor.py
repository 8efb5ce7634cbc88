"""The monitor flow on a temporary Prefect server and a SQLite store, with a real champion."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import yaml
from mlflow import MlflowClient
from mlflow.entities import Run
from prefect.client.orchestration import get_client

from benchmarks.monitoring import waves
from flows.forecast import forecast
from flows.monitor import monitor
from flows.promote import promote
from lstm_ops.stack.embedded import EMBEDDED_VARIABLE

BEGINS = datetime(2026, 1, 1)
SEEN, AHEAD, NEWEST = 600, 24, 520


class Place:
    """An experiment of hourly points whose table grows; forecasts are made from the newest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.values = waves(3, "level", 12.0)[1640:]  # the level changes at point 600
        self.path = folder / "hourly.yaml"
        content = {
            "series": "hourly",
            "source": {
                "kind": "sql",
                "url": f"sqlite:///{folder / 'hourly.db'}",
                "table": "hourly",
                "newest": NEWEST,
            },
            "window": {"look_back": 48},
            "scaling": "standardise",
            "forecasters": [{"kind": "ridge"}],
            "monitor": {"drift": {"lags": 32}},
            "forecast": {"folder": str(folder / "forecasts"), "horizon": AHEAD},
        }
        self.path.write_text(yaml.safe_dump(content))

    def grow(self, points: int) -> datetime:
        """So many points are there; gives the time of the newest."""
        times = pd.date_range(BEGINS, periods=points, freq="h")
        frame = pd.DataFrame({"time": times, "value": self.values[:points]})
        with closing(sqlite3.connect(self.folder / "hourly.db")) as connection:
            frame.to_sql("hourly", connection, index=False, if_exists="replace")
        return times[-1].to_pydatetime()

    def monitored(self, now: datetime) -> SimpleNamespace:
        state = monitor(str(self.path), now=now, return_state=True)
        assert state.is_completed(), state.message
        return SimpleNamespace(result=state.result(), state=state)


@pytest.fixture(scope="module")
def place(tracked: str, tmp_path_factory: pytest.TempPathFactory) -> Place:
    del tracked
    return Place(tmp_path_factory.mktemp("hourly"))


def at_prefect(event: str, count: int) -> list[dict[str, Any]]:
    """Those that the server has, which writes them down a moment after they came."""
    until, found = time.monotonic() + 20, list[dict[str, Any]]()
    while len(found) < count and time.monotonic() < until:
        with get_client(sync_client=True) as client:
            wanted = {"filter": {"event": {"name": [event]}}}
            found = client.request("POST", "/events/filter", json=wanted).json()["events"]
        time.sleep(0.2)
    return found


def mlflow_run(state: Any) -> Run:
    return MlflowClient().get_run(state.result()["mlflow"]["run_id"])


@pytest.fixture(scope="module")
def circle(place: Place) -> SimpleNamespace:
    """Before the champion, before its forecasts were judged, a day after, the change, stale."""
    found: dict[str, SimpleNamespace] = {}
    newest = place.grow(SEEN - 60)
    found["before"] = place.monitored(newest)
    made = promote(str(place.path), return_state=True)
    assert made.is_completed(), made.message
    for points in range(SEEN - 60, SEEN, 24):
        place.grow(points)
        assert forecast(str(place.path), return_state=True).is_completed()
    found["well"] = place.monitored(place.grow(SEEN))
    newest = place.grow(SEEN + 60)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(EMBEDDED_VARIABLE, "1")
        found["unheard"] = place.monitored(newest)
    found["changed"] = place.monitored(newest)
    found["soon"] = place.monitored(newest + timedelta(hours=3))
    found["late"] = place.monitored(newest + timedelta(hours=30))
    return SimpleNamespace(**found)


def test_before_the_first_champion_nothing_is_held_against(circle: SimpleNamespace) -> None:
    result = circle.before.result
    assert result["alarms"] == []
    assert "no champion yet" in result["verdict"]
    assert result["metrics"] == {"live/forecasts": 0.0, "live/age_steps": 0.0}


def test_a_champion_that_keeps_its_promise_gives_no_alarm(circle: SimpleNamespace) -> None:
    data = mlflow_run(circle.well.state).data
    metrics = circle.well.result["metrics"]
    assert circle.well.result["alarms"] == []
    assert data.metrics == pytest.approx(metrics)
    assert data.tags["lstm_ops.alarms"] == "none"
    assert set(metrics) == {
        *("live/rmse", "live/promised_rmse", "live/skill_vs_persistence", "live/coverage"),
        *("live/bias", "live/forecasts", "live/age_steps"),
        *("live/drift_level", "live/drift_variance"),
    }
    assert metrics["live/forecasts"] == 24 + 24 + 12  # of the last cutoff half are still to come
    assert metrics["live/rmse"] < 1.5 * metrics["live/promised_rmse"]
    assert metrics["live/skill_vs_persistence"] > 0


def test_a_change_is_an_alarm_with_its_evidence_as_an_event(circle: SimpleNamespace) -> None:
    alarms = {alarm["kind"]: alarm for alarm in circle.changed.result["alarms"]}
    assert alarms["drift"]["told"]
    assert "level" in alarms["drift"]["evidence"]["what"]
    change = BEGINS + timedelta(hours=SEEN)
    assert timedelta(0) <= datetime.fromisoformat(alarms["drift"]["since"]) - change
    assert datetime.fromisoformat(alarms["drift"]["since"]) - change < timedelta(hours=12)
    (event,) = [e for e in at_prefect("lstm_ops.drift.detected", 2) if of(e, circle.changed)]
    assert event["resource"] == {
        "prefect.resource.id": "lstm-ops.experiment.hourly",
        "prefect.resource.name": "hourly",
    }
    payload = event["payload"]
    assert payload["sentence"] == alarms["drift"]["sentence"]
    assert payload["mlflow_run"] == circle.changed.result["mlflow"]["run_id"]
    assert payload["level_statistic"] > payload["level_threshold"]
    flow_run = f"prefect.flow-run.{circle.changed.state.state_details.flow_run_id}"
    assert flow_run in {related["prefect.resource.id"] for related in event["related"]}


def of(event: dict[str, Any], monitored: SimpleNamespace) -> bool:
    run: str = monitored.result["mlflow"]["run_id"]
    return bool(event["payload"]["mlflow_run"] == run)


def test_an_alarm_that_stands_is_told_again_only_after_a_while(circle: SimpleNamespace) -> None:
    def told(monitored: SimpleNamespace) -> dict[str, bool]:
        return {alarm["kind"]: alarm["told"] for alarm in monitored.result["alarms"]}

    assert told(circle.changed)["drift"]
    assert told(circle.soon)["drift"] is False
    assert told(circle.late)["drift"] is True
    assert len(at_prefect("lstm_ops.drift.detected", 2)) == 2


def test_where_nobody_listens_nothing_counts_as_told(circle: SimpleNamespace) -> None:
    alarms = circle.unheard.result["alarms"]
    assert "drift" in {alarm["kind"] for alarm in alarms}
    assert not any(alarm["told"] for alarm in alarms)


def test_stale_data_are_an_alarm_and_all_else_is_still_measured(circle: SimpleNamespace) -> None:
    late = circle.late.result
    assert "stale" not in {alarm["kind"] for alarm in circle.soon.result["alarms"]}
    (stale,) = [alarm for alarm in late["alarms"] if alarm["kind"] == "stale"]
    assert stale["evidence"]["age_steps"] == 30.0
    assert late["metrics"]["live/rmse"] == circle.changed.result["metrics"]["live/rmse"]
    assert len(at_prefect("lstm_ops.data.stale", 1)) == 1


def test_a_new_champion_that_has_seen_the_change_ends_the_alarm(
    place: Place, circle: SimpleNamespace
) -> None:
    del circle
    assert promote(str(place.path), {"gate.new_points": 0}, return_state=True).is_completed()
    after = place.monitored(BEGINS + timedelta(hours=SEEN + 60))
    assert "drift" not in {alarm["kind"] for alarm in after.result["alarms"]}


def test_the_page_has_every_part_and_needs_nothing_else(circle: SimpleNamespace) -> None:
    run_id = circle.changed.result["mlflow"]["run_id"]
    page = Path(MlflowClient().download_artifacts(run_id, "status.html")).read_text()
    assert len(page) < 400_000
    for heading in ("Measures", "The newest forecast", "Live errors", "Drift", "Champions", "Last"):
        assert f"<h2>{heading}" in page
    assert circle.changed.result["verdict"].partition(" has changed")[0] in page
    assert page.count("data:image/png;base64,") == 3
    assert not re.search(r"(src|href)=\"(?!data:|http)|<script|@import|url\(", page)
    assert page.count("forecast hourly") == 3
    assert f"{SEEN + 60} observations" in page, "old ones slide out of what drift is held against"
    assert "first none → 1" in page


def test_prefect_shows_the_measures_and_the_status(circle: SimpleNamespace) -> None:
    with get_client(sync_client=True) as client:
        found = client.request("POST", "/artifacts/filter", json={}).json()
    mine = str(circle.changed.state.state_details.flow_run_id)
    shown = {a["key"]: a["data"] for a in found if a["flow_run_id"] == mine}
    assert set(shown) == {"hourly-monitor", "hourly-status"}
    states = {row["measure"]: row["state"] for row in json.loads(shown["hourly-monitor"])}
    assert states["drift of level"] == "ALARM"
    assert states["age of the data, steps"] == "ok"
    assert "(data:image/png;base64,iVBOR" in shown["hourly-status"]
