"""The ingest flow on a temporary Prefect server and a SQLite store: what it takes, and tells."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from prefect.client.orchestration import get_client

from flows import policy
from flows.ingest import ingest
from lstm_ops.data import store

NOW = "2026-08-03T05:30"
ROWS = "".join(f"2026-08-01 {hour:02}:00:00,{hour}\n" for hour in range(9))


@pytest.fixture(autouse=True)
def _database(tracked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    del tracked
    monkeypatch.setenv(store.VARIABLE, f"sqlite:///{tmp_path / 'series.db'}?timeout=0.1")
    monkeypatch.setattr(policy, "DELAY_SECONDS", 0)
    yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


def drop(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content)
    os.utime(folder / name, (time.time() - 60, time.time() - 60))


def run(series: str, folder: Path | None = None, now: str = NOW) -> Any:
    """The state of a flow run on the live experiment, or on what lies in a folder."""
    place = {"kind": "folder", "path": str(folder), "time": "Time", "value": "Value"}
    wanted = {"ingest.arrivals": place} if folder else {}
    return ingest("live", {"series": series, **wanted}, now, return_state=True)  # type: ignore[arg-type]


def runs_of(state: Any) -> list[Run]:
    client = MlflowClient()
    experiments = [e.experiment_id for e in client.search_experiments()]
    mine = f"tags.`prefect.flow_run_id` = '{state.state_details.flow_run_id}'"
    return list(client.search_runs(experiments, mine))


def table_of(state: Any, series: str) -> Any:
    with get_client(sync_client=True) as client:
        found = client.request("POST", "/artifacts/filter", json={}).json()
    mine = str(state.state_details.flow_run_id)
    (artifact,) = [a for a in found if a["flow_run_id"] == mine and a["key"]]
    assert artifact["key"] == f"{series}-ingest"
    return json.loads(artifact["data"])


def test_what_is_due_is_taken_once_and_only_news_are_in_mlflow() -> None:
    first, again = run("due"), run("due")
    assert first.is_completed(), first.message
    result = first.result()
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert (result["new"], result["rejected"], result["now"]) == (54, 0, "2026-08-03 05:30")
    assert store.count("due") == 54
    (logged,) = runs_of(first)
    assert (logged.info.status, logged.info.run_name) == ("FINISHED", "ingest live")
    assert logged.data.metrics == {
        "ingest/new": 54,
        "ingest/there_already": 0,
        "ingest/rejected": 0,
    }
    assert logged.data.tags["lstm_ops.flow"] == "ingest"
    assert logged.data.tags["mlflow.note.content"] == result["verdict"]
    assert logged.info.run_id == result["mlflow"]["run_id"]
    assert table_of(first, "due")[0]["new"] == 54
    assert (again.is_completed(), again.result()["new"], runs_of(again)) == (True, 0, [])
    assert again.result()["verdict"].startswith("Nothing new: ")
    assert run("due", now="2026-08-03T06:00").result()["new"] == 1


def test_a_bad_file_keeps_no_good_one_out_and_ends_as_invalid_input(folder: Path) -> None:
    drop(folder, "bad.csv", ROWS)
    drop(folder, "good.csv", f"Time,Value\n{ROWS}")
    drop(folder, "late.csv", f"Time,Value\n{ROWS}"[:-1])
    state = run("dropped", folder)
    assert (state.name, state.type.value) == ("InvalidInput", "FAILED")
    assert "bad.csv: bad.csv: no column 'Time'" in str(state.message)
    assert store.count("dropped") == 9
    table = {row["batch"]: row["state"] for row in table_of(state, "dropped")}
    assert table == {"bad.csv": "refused", "good.csv": "taken", "late.csv": "waiting"}
    (logged,) = runs_of(state)
    assert logged.info.status == "FAILED"
    assert "no column 'Time'" in logged.data.tags["lstm_ops.error"]
    assert logged.data.metrics["ingest/new"] == 9
    rejected = MlflowClient().download_artifacts(logged.info.run_id, "rejected_rows.csv")
    assert "bad.csv" in Path(rejected).read_text()
    assert run("dropped", folder).is_completed()


def test_a_gap_in_the_store_is_told_until_it_is_filled(folder: Path) -> None:
    rows = ROWS.splitlines(keepends=True)
    drop(folder, "a.csv", f"Time,Value\n{''.join(rows[:4] + rows[5:])}")
    state = run("holey", folder)
    assert state.is_completed(), state.message
    said = "has a gap between 2026-08-01 03:00:00 and 2026-08-01 05:00:00"
    assert said in state.result()["verdict"]
    assert said in table_of(state, "holey")[-1]["why"]
    assert said in run("holey", folder).result()["verdict"]  # though nothing is new
    drop(folder, "b.csv", f"Time,Value\n{rows[4]}")
    assert "has a gap" not in run("holey", folder).result()["verdict"]


def test_a_store_that_is_away_fails_the_run_and_the_next_carries_on(
    folder: Path, tmp_path: Path
) -> None:
    store.migrated_url()
    drop(folder, "a.csv", f"Time,Value\n{ROWS}")
    with closing(sqlite3.connect(tmp_path / "series.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        state = run("away", folder)
        other.execute("rollback")
    assert (state.name, state.type.value) == ("Failed", "FAILED")
    assert "database is locked" in str(state.message)
    assert table_of(state, "away")[0]["state"] == "not taken"
    assert [r.info.status for r in runs_of(state)] == ["FAILED"]
    assert run("away", folder).result()["new"] == 9


def test_a_folder_that_is_not_there_is_told_in_mlflow_as_well(tmp_path: Path) -> None:
    state = run("nowhere", tmp_path / "nowhere")
    assert state.name == "InvalidInput"
    (logged,) = runs_of(state)
    assert (logged.info.status, "there is no folder" in logged.data.tags["lstm_ops.error"]) == (
        "FAILED",
        True,
    )


def test_an_experiment_without_arrivals_is_refused() -> None:
    state = ingest("airline", return_state=True)
    assert (state.name, runs_of(state)) == ("InvalidInput", [])
    assert "no section `ingest`" in str(state.message)
