"""A project that is well: a real Prefect server, a worker that reports, a store, fresh data."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from lstm_ops import cli
from lstm_ops.cli.doctor import machine
from lstm_ops.stack import automations
from lstm_ops.stack.embedded import EmbeddedPrefect
from lstm_ops.stack.ports import free_port
from lstm_ops.stack.prefect_http import PrefectApi

PROJECT = Path(__file__).resolve().parents[2]
LINKED = ("automations", "pyproject.toml", "requirements.lock")
POOL = {"name": "lstm-ops"}
DECLARED: dict[str, dict[str, Any]] = {
    "forecast": {
        "name": "hourly",
        "entrypoint": "flows.forecast.forecast",
        "parameters": {"experiment": "watched"},
        "schedules": [{"cron": "5 * * * *", "timezone": "Europe/Berlin"}],
        "work_pool": POOL,
    },
    "monitor": {
        "name": "live",
        "entrypoint": "flows.monitor.monitor",
        "parameters": {"experiment": "watched"},
        "work_pool": POOL,
    },
}
WATCHED = {
    "series": "watched",
    "source": {"kind": "file", "path": "data/watched.csv", "time": "time", "value": "value"},
    "forecasters": [{"kind": "persistence"}],
}

Findings = dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Server:
    """A Prefect server without a scheduler: what runs are to come is what a test says."""

    url: str
    api: PrefectApi

    def ask(self, method: str, path: str, content: object = None) -> Any:
        return self.api.ask(method, path, content)

    def deploy(self, flow: str) -> dict[str, Any]:
        """As `prefect deploy` does it; one that is there is put right."""
        entry = DECLARED[flow]
        schedules = [{"schedule": rule, "active": True} for rule in entry.get("schedules", [])]
        content = {
            "name": entry["name"],
            "flow_id": self.ask("POST", "/flows/", {"name": flow})["id"],
            "entrypoint": entry["entrypoint"],
            "parameters": entry["parameters"],
            "schedules": schedules,
            "paused": False,
            "work_pool_name": POOL["name"],
        }
        return dict(self.ask("POST", "/deployments/", content))

    def automate(self) -> None:
        """As `lstm-ops automations` does, without Prefect's command, which takes seconds."""
        for content in automations.renew(self.url):
            self.ask("POST", "/automations/", content)

    def run_to_come(self, deployment: str) -> None:
        due = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        state = {"type": "SCHEDULED", "state_details": {"scheduled_time": due}}
        self.ask("POST", f"/deployments/{deployment}/create_flow_run", {"state": state})


@pytest.fixture(scope="session")
def embedded(project_folder: Path, prefect_template: Path) -> Iterator[Server]:
    del prefect_template
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LSTM_OPS_HOME", str(project_folder))
        started = EmbeddedPrefect()
        url = started.wait()
    with started, PrefectApi(url, timeout=60) as api:
        yield Server(url, api)


@pytest.fixture
def server(embedded: Server) -> Server:
    """With a pool, a worker that has just reported, and both deployments as declared."""
    embedded.api.ensure_pool(POOL["name"])
    heartbeat = {"name": "local", "heartbeat_interval_seconds": 600}
    embedded.ask("POST", "/work_pools/lstm-ops/workers/heartbeat", heartbeat)
    embedded.deploy("monitor")
    embedded.run_to_come(embedded.deploy("forecast")["id"])
    return embedded


@pytest.fixture
def well(
    server: Server,
    tmp_path: Path,
    migrated_database: Path,
    monkeypatch: pytest.MonkeyPatch,
    mlflow_globals: None,
) -> Path:
    """A project's root in which nothing is wrong."""
    del mlflow_globals
    for name in LINKED:
        (tmp_path / name).symlink_to(PROJECT / name)
    for folder in ("data", "experiments", "mlflow"):
        (tmp_path / folder).mkdir()
    shutil.copy(migrated_database, tmp_path / "mlflow" / "mlflow.db")
    content = {"deployments": list(DECLARED.values())}
    (tmp_path / "prefect.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "experiments" / "watched.yaml").write_text(yaml.safe_dump(WATCHED))
    write_series(tmp_path, hours_ago=1)
    monkeypatch.setenv("LSTM_OPS_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_API_URL", server.url)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(machine, "MLFLOW_PORT", free_port())
    monkeypatch.setattr(machine, "PREFECT_PORT", free_port())
    return tmp_path


def write_series(root: Path, hours_ago: int) -> None:
    """Hourly values, the newest so many hours old."""
    newest = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(hours=hours_ago)
    rows = [f"{newest - timedelta(hours=back)},{back % 7}" for back in reversed(range(50))]
    (root / "data" / "watched.csv").write_text("\n".join(["time,value", *rows]) + "\n")


@pytest.fixture
def newest(well: Path) -> Callable[..., None]:
    """Writes the watched series anew, its newest value `hours_ago`."""
    return partial(write_series, well)


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `lstm-ops doctor --json …`: its exit status, and what is not well by check."""

    def look(*arguments: str) -> tuple[int, Findings]:
        capsys.readouterr()
        status = cli.main(["doctor", "--json", *arguments])
        unwell: Findings = {}
        for finding in json.loads(capsys.readouterr().out):
            if finding["status"] != "ok":
                unwell.setdefault(finding["check"], []).append(finding)
        return status, unwell

    return look
