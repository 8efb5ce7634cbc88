"""`lstm-ops doctor` says nothing about a project that is well, and names what is planted."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from lstm_ops import cli
from lstm_ops.cli.doctor import command, machine

if TYPE_CHECKING:
    from tests.cli.conftest import Server


Doctor = Callable[..., Any]

NOBODY = "http://127.0.0.1:9"
FIRST_REVISION = "451aebb31d03"  # of MLflow's migrations


def only(unwell: dict[str, list[dict[str, str]]], check: str) -> dict[str, str]:
    """The one finding, of that check and no other."""
    assert list(unwell) == [check], unwell
    (finding,) = unwell[check]
    assert finding["remedy"]
    return finding


def set_revision(root: Path, revision: str) -> None:
    with closing(sqlite3.connect(root / "mlflow" / "mlflow.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = ?", [revision])


@pytest.fixture
def automated(well: Path, server: Server) -> Path:
    server.automate()
    return well


@pytest.mark.usefixtures("automated")
def test_where_all_is_well_nothing_is_said(
    doctor: Doctor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor() == (0, {})
    assert cli.main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "0 faults, 0 warnings"
    assert {line.split()[1] for line in lines[:-1]} == set(command.CHECKS)


@pytest.mark.usefixtures("automated")
def test_a_server_that_is_down_keeps_no_other_check_from_being_told(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"{NOBODY}/api")
    status, unwell = doctor()
    assert status == 1
    assert f"{NOBODY}/api (by PREFECT_API_URL) does not answer" in only(unwell, "prefect")["found"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", NOBODY)
    assert f"{NOBODY} (by MLFLOW_TRACKING_URI) does not" in doctor()[1]["mlflow"][0]["found"]


@pytest.mark.usefixtures("well")
def test_no_worker(doctor: Doctor, server: Server) -> None:
    server.ask("DELETE", "/work_pools/lstm-ops/workers/local")
    status, unwell = doctor("worker")
    assert status == 1
    assert "no worker is online in work pool lstm-ops" in only(unwell, "worker")["found"]


@pytest.mark.usefixtures("well")
def test_a_missing_deployment_and_one_that_differs(doctor: Doctor, server: Server) -> None:
    hourly = server.ask("GET", "/deployments/name/forecast/hourly")["id"]
    server.ask("DELETE", f"/deployments/{hourly}")
    status, unwell = doctor("deployments")
    assert (status, only(unwell, "deployments")["found"]) == (
        1,
        "forecast/hourly is missing on the server",
    )
    hourly = server.deploy("forecast")["id"]
    server.ask("PATCH", f"/deployments/{hourly}", {"parameters": {"experiment": "tutorial"}})
    status, unwell = doctor("deployments")
    assert status == 0
    assert "parameters {'experiment': 'tutorial'}" in only(unwell, "deployments")["found"]


@pytest.mark.usefixtures("well")
def test_a_paused_schedule_and_a_paused_deployment(doctor: Doctor, server: Server) -> None:
    hourly = server.ask("GET", "/deployments/name/forecast/hourly")
    path = f"/deployments/{hourly['id']}"
    server.ask("PATCH", f"{path}/schedules/{hourly['schedules'][0]['id']}", {"active": False})
    status, unwell = doctor("deployments", "schedules")
    assert status == 0
    found = only(unwell, "schedules")["found"]
    assert found == "forecast/hourly: schedule 5 * * * * (Europe/Berlin) is paused"
    server.deploy("forecast")
    server.ask("PATCH", path, {"paused": True})
    status, unwell = doctor("deployments", "schedules")
    assert only(unwell, "deployments")["found"] == "forecast/hourly is paused"


@pytest.mark.usefixtures("well")
def test_a_schedule_that_makes_no_runs(server: Server) -> None:
    """Told once the server has had its time: this one has no scheduler."""
    hourly = server.ask("GET", "/deployments/name/forecast/hourly")["id"]
    wanted = {"deployments": {"id": {"any_": [hourly]}}}
    for run in server.ask("POST", "/flow_runs/filter", wanted):
        server.ask("DELETE", f"/flow_runs/{run['id']}")
    now = datetime.now(UTC)

    def faults(when: datetime) -> list[str]:
        found = [finding for _, finding in command.examine(["schedules"], when)]
        return [f"{f.found} {f.remedy}" for f in found if f.status == "fault"]

    assert faults(now) == []
    (told,) = faults(now + timedelta(minutes=10))
    assert told.startswith("forecast/hourly has an active schedule and no run to come")
    assert "SQLAlchemy 2.1" in told
    server.run_to_come(hourly)
    assert faults(now + timedelta(minutes=10)) == []


@pytest.mark.usefixtures("well")
def test_a_fastapi_with_which_prefect_does_not_start(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "installed" / "fastapi-0.160.1.dist-info" / "METADATA"
    about.parent.mkdir(parents=True)
    about.write_text("Metadata-Version: 2.1\nName: fastapi\nVersion: 0.160.1\n")
    monkeypatch.syspath_prepend(tmp_path / "installed")
    status, unwell = doctor("versions")
    found = only(unwell, "versions")["found"]
    assert status == 1
    assert found.startswith("fastapi 0.160.1 is installed; needed: fastapi<0.151")
    assert "Prefect's server does not start" in found


def test_artifacts_that_cannot_be_written(well: Path, doctor: Doctor) -> None:
    """A file in the folder's place, since modes do not bind everybody."""
    (well / "mlflow" / "artifacts").write_text("in the way")
    status, unwell = doctor("artifacts")
    assert status == 1
    assert f"{well}/mlflow/artifacts cannot be written" in only(unwell, "artifacts")["found"]


def test_artifacts_of_a_project_that_was_moved(well: Path, doctor: Doctor) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{well}/mlflow/mlflow.db")
    client.create_experiment("airline", "file:///elsewhere/mlflow/artifacts/airline")
    status, unwell = doctor("artifacts")
    assert status == 0
    assert "airline: file:///elsewhere" in unwell["artifacts"][0]["found"]
    link = f"ln -s {well}/mlflow/artifacts /elsewhere/mlflow/artifacts"
    assert unwell["artifacts"][0]["remedy"].endswith(link)


@pytest.mark.parametrize(
    ("revision", "told", "remedy"),
    [
        (FIRST_REVISION, "has an old schema", "mlflow db upgrade sqlite:///"),
        ("ffffffffffff", "was written by a newer MLflow", "install that MLflow"),
    ],
)
def test_a_schema_that_does_not_fit_the_installed_mlflow(
    well: Path, doctor: Doctor, revision: str, told: str, remedy: str
) -> None:
    set_revision(well, revision)
    status, unwell = doctor("mlflow", "schema", "artifacts", "mlflow-runs")
    assert status == 1
    finding = only(unwell, "schema")
    assert told in finding["found"]
    assert remedy in finding["remedy"]


@pytest.mark.usefixtures("well")
def test_a_port_that_somebody_else_has(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(machine, "PREFECT_PORT", port)
        assert doctor("ports") == (0, {})  # PREFECT_API_URL names another server
        monkeypatch.delenv("PREFECT_API_URL")
        status, unwell = doctor("ports")
    assert status == 1
    assert (
        f"port {port}, which make up needs for Prefect, is taken by"
        in only(unwell, "ports")["found"]
    )


def test_stale_data(well: Path, doctor: Doctor, newest: Callable[..., None]) -> None:
    newest(hours_ago=9)
    status, unwell = doctor("data")
    assert status == 0
    assert "watched: the newest observation is of" in only(unwell, "data")["found"]
    assert "6 are allowed: stale" in only(unwell, "data")["found"]
    (well / "data" / "watched.csv").unlink()
    status, unwell = doctor("data")
    assert status == 1
    assert "could not be looked at" in only(unwell, "data")["found"]


def test_a_store_that_waits_for_its_first_observation_is_no_fault(
    well: Path, doctor: Doctor
) -> None:
    path = well / "experiments" / "watched.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "source": {"kind": "sql"}}))
    status, unwell = doctor("data")
    assert status == 0
    finding = only(unwell, "data")
    assert "no observation of 'watched' yet" in finding["found"]
    assert "flows.ingest watched" in finding["remedy"]


@pytest.mark.usefixtures("well")
def test_automations_that_are_missing(doctor: Doctor, server: Server) -> None:
    for automation in server.ask("POST", "/automations/filter", {}):
        server.ask("DELETE", f"/automations/{automation['id']}")
    status, unwell = doctor("automations")
    assert status == 1
    assert "lstm-ops crashed runs" in unwell["automations"][0]["found"]


@pytest.mark.usefixtures("well")
def test_a_check_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "worker", "lungs"]) == 2
    assert "no check lungs; there are versions, disk" in capsys.readouterr().err
