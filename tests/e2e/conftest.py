"""The real stack, as `make up` starts it, in a copy of the project that is thrown away."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml

from lstm_ops.stack.health import answers
from lstm_ops.stack.logs import tail
from lstm_ops.stack.ports import free_port
from lstm_ops.stack.processes import family

PROJECT = Path(__file__).resolve().parents[2]
COPIED = (
    "pyproject.toml",
    "experiments",
    "automations",
    "data",
    "flows",
    "src",
    "requirements.lock",
)
OWN = ("PREFECT_", "MLFLOW_", "LSTM_OPS_", "PYTHON", "KERAS_", "VIRTUAL_ENV")
MAIN = "from lstm_ops.cli import main; raise SystemExit(main())"
READY = "Ctrl-C stops everything."

# Prefect's server on SQLite may stall for 60 s behind a lock: each limit survives that once.
START_LIMIT = 180.0  # seconds
LIMIT = 150.0
STOP_LIMIT = 60.0

# One epoch of forecasters that need no TensorFlow.
QUICK = {
    "training.epochs": 1,
    "seeds": [1],
    "forecasters": [{"kind": "linear"}, {"kind": "persistence"}],
}
# Due once while the tests run, a minute after the stack was asked to start; its data are bad.
SCHEDULED = {
    "name": "scheduled",
    "entrypoint": "flows.train.train",
    "parameters": {"experiment": "airline", "overrides": {**QUICK, "source.path": "data/bad.csv"}},
    "work_pool": {"name": "lstm-ops"},
}
SOON = timedelta(seconds=60)
DAY = 24 * 3600.0  # seconds

Json = dict[str, Any]


class Patient(httpx.HTTPTransport):
    """Asks again where Prefect's server says 503, as Prefect's own client does: its SQLite is busy,
    and nothing has been done."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        began = time.monotonic()
        while True:
            response = super().handle_request(request)
            busy = response.status_code == httpx.codes.SERVICE_UNAVAILABLE
            if not busy or time.monotonic() - began > START_LIMIT:
                return response
            response.read()
            response.close()
            time.sleep(0.5)


class Stack:
    """A project root and the stack on it, which may be started and stopped again and again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.prefect_port, self.mlflow_port = free_port(), free_port()
        self.prefect_api = f"http://127.0.0.1:{self.prefect_port}/api"
        self.prefect = httpx.Client(
            base_url=self.prefect_api, transport=Patient(), trust_env=False, timeout=90
        )
        self.mlflow_url = f"http://127.0.0.1:{self.mlflow_port}"
        mlflow = f"{self.mlflow_url}/api/2.0/mlflow"
        self.mlflow = httpx.Client(base_url=mlflow, trust_env=False, timeout=90)
        self.store_uri = f"sqlite:///{root / 'mlflow' / 'mlflow.db'}"
        self._output = root / "up.log"
        self._process: subprocess.Popen[bytes] | None = None

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns once it says how to stop it."""
        ports = ["--prefect-port", str(self.prefect_port), "--mlflow-port", str(self.mlflow_port)]
        self._process = self._lstm_ops(["up", *ports])
        self.wait(lambda: READY in self.said() or not self.running(), "the stack", START_LIMIT)
        assert self.running(), f"the stack did not start:\n{self.logs()}"

    @contextmanager
    def ui(self) -> Iterator[None]:
        """`lstm-ops ui` on the port of the stack's MLflow, while that is down."""
        process = self._lstm_ops(["ui", "--mlflow-port", str(self.mlflow_port)])
        health = f"{self.mlflow_url}/health"
        try:
            self.wait(lambda: answers(health) or process.poll() is not None, health, START_LIMIT)
            assert process.poll() is None, self.logs()
            yield
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(STOP_LIMIT)
        assert code == 0, self.logs()

    def stop(self) -> None:
        """Ctrl-C, and what is promised of it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(STOP_LIMIT) == 0, self.logs()
        assert not (self.root / "prefect.toml").exists()
        assert not self.record.exists()

    def kill(self) -> None:
        """SIGKILL to everything at once, as when the machine loses its power."""
        assert self._process is not None
        token = json.loads(self.record.read_text())["token"]
        self._process.send_signal(signal.SIGSTOP)  # its death would warn the others
        for process in family(token):  # eldest first: Prefect's server cannot be told of the rest
            process.kill()
        self._process.kill()
        self._process.wait()
        psutil.wait_procs(family(token), timeout=10)
        assert not family(token)

    def end(self) -> None:
        """Whatever happened, nothing is left running."""
        if self.running():
            self.kill() if self.record.exists() else self._process.kill()  # type: ignore[union-attr]

    @property
    def record(self) -> Path:
        return self.root / ".state" / "stack.json"

    def environment(self) -> dict[str, str]:
        """This process's, without anybody's settings; the root's own code comes first."""
        return {
            **self.bare_environment(),
            "LSTM_OPS_HOME": str(self.root),
            "PYTHONPATH": os.pathsep.join([str(self.root / "src"), str(self.root)]),
        }

    def bare_environment(self) -> dict[str, str]:
        """Of a person who exported nothing."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(OWN)}
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1"}
        return {**kept, **quiet, "HOME": str(self.root / "home")}

    def deployment_run(self, name: str, overrides: Json) -> subprocess.CompletedProcess[str]:
        """`prefect deployment run … --watch` in the root, with nothing exported."""
        arguments = ["-m", "prefect", "deployment", "run", f"train/{name}"]
        arguments += ["--param", f"overrides={json.dumps(overrides)}", "--watch"]
        return self.python(arguments, self.bare_environment())

    def command(self, flow: str, overrides: Json) -> Json:
        """`python -m flows.… airline … --json`: its result."""
        settings = [f"--set={key}={json.dumps(value)}" for key, value in overrides.items()]
        arguments = ["-m", f"flows.{flow}", "airline", *settings, "--json"]
        done = self.python(arguments, self.environment())
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def python(
        self, arguments: list[str], environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def ask(self, name: str, overrides: Json, *, flow: str = "train", **others: object) -> str:
        """Asks for a run of a deployment over HTTP; its id."""
        deployment = self.prefect.get(f"/deployments/name/{flow}/{name}").raise_for_status()
        given = deployment.json()
        parameters = {**given["parameters"], "overrides": overrides, **others}
        path = f"/deployments/{given['id']}/create_flow_run"
        made = self.prefect.post(path, json={"parameters": parameters}).raise_for_status()
        return str(made.json()["id"])

    def prefect_page(self, deployment: str, part: str) -> str:
        """The address of a page of that deployment, as `run`, which is its form."""
        path = f"/deployments/name/{deployment}"
        found = self.prefect.get(path).raise_for_status().json()
        server = f"http://127.0.0.1:{self.prefect_port}"
        return f"{server}/deployments/deployment/{found['id']}/{part}"

    def flow_run(self, flow_run_id: str) -> Json:
        return dict(self.prefect.get(f"/flow_runs/{flow_run_id}").raise_for_status().json())

    def flow_runs(self, deployment: str) -> list[Json]:
        """Those of a deployment, newest first."""
        wanted = {
            "deployments": {"name": {"any_": [deployment]}},
            "sort": "EXPECTED_START_TIME_DESC",
        }
        return list(self.prefect.post("/flow_runs/filter", json=wanted).raise_for_status().json())

    def ended(self, flow_run_id: str) -> Json:
        """A flow run, once it is over."""
        over = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        self.wait(
            lambda: self.flow_run(flow_run_id)["state_type"] in over, f"the end of {flow_run_id}"
        )
        return self.flow_run(flow_run_id)

    def automations(self) -> list[Json]:
        found = self.prefect.post("/automations/filter", json={}).raise_for_status()
        return list(found.json())

    def alerts(self) -> list[str]:
        """What was told through the block that `make up` makes."""
        wanted = {"artifacts": {"key": {"any_": ["lstm-ops-alerts"]}}}
        found = self.prefect.post("/artifacts/filter", json=wanted).raise_for_status().json()
        return [artifact["data"] for artifact in found]

    @contextmanager
    def worker_elsewhere(self, tags: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        """A worker that nobody watches over, as on a machine of a team; train/elsewhere is its."""
        pool = "elsewhere"
        self.prefect.post("/work_pools/", json={"name": pool, "type": "process"})
        airline = self.prefect.get("/deployments/name/train/airline").raise_for_status().json()
        same = ("flow_id", "entrypoint", "path", "pull_steps", "parameters")
        content = {key: airline[key] for key in same} | {"tags": tags, "work_pool_name": pool}
        self.prefect.post("/deployments/", json={"name": pool, **content}).raise_for_status()
        arguments = ["-m", "prefect", "worker", "start", "--pool", pool, "--type", "process"]
        with (self.root / ".state" / "logs" / "elsewhere.log").open("wb") as output:
            worker = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.root,
                env=self.environment(),
                stdout=output,
                stderr=output,
            )
        try:
            yield worker
        finally:
            worker.kill()
            worker.wait()

    def artifacts(self, flow_run_id: str) -> dict[str, Any]:
        """The Prefect artifacts of a flow run: data by key."""
        wanted = {"artifacts": {"flow_run_id": {"any_": [flow_run_id]}}}
        found = self.prefect.post("/artifacts/filter", json=wanted).raise_for_status().json()
        return {artifact["key"]: artifact["data"] for artifact in found}

    def run(self, run_id: str) -> Json:
        """An MLflow run; its `tags` are a dictionary."""
        found = self.mlflow.get("/runs/get", params={"run_id": run_id})
        return _with_tags(found.raise_for_status().json()["run"])

    def runs(self, flow_run_id: str, *, gate: bool = False) -> list[Json]:
        """The MLflow runs of a flow run, parent first: of its own work, or of the gate's."""
        experiments = self.mlflow.get("/experiments/search", params={"max_results": 100})
        known = experiments.raise_for_status().json().get("experiments", [])
        wanted = {
            "experiment_ids": [experiment["experiment_id"] for experiment in known],
            "filter": f"tags.`prefect.flow_run_id` = '{flow_run_id}'",
            "order_by": ["attributes.start_time ASC"],
        }
        found = self.mlflow.post("/runs/search", json=wanted).raise_for_status().json()
        runs = map(_with_tags, found.get("runs", []))
        wanted_runs = [r for r in runs if (r["tags"]["lstm_ops.flow"] == "promote") is gate]
        return sorted(wanted_runs, key=lambda run: "mlflow.parentRunId" in run["tags"])

    def wait(self, condition: Callable[[], object], what: str, limit: float = LIMIT) -> None:
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < limit, f"waited {limit:.0f} s for {what}"
            time.sleep(0.5)

    def _lstm_ops(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        """The console script where the project is installed, else what it does."""
        installed = Path(sys.executable).with_name("lstm-ops")
        program = [str(installed)] if installed.exists() else [sys.executable, "-c", MAIN]
        with self._output.open("wb") as output:
            return subprocess.Popen(
                [*program, *arguments],
                cwd=self.root,
                env=self.environment(),
                stdout=output,
                stderr=output,
            )

    def said(self) -> str:
        return self._output.read_text() if self._output.exists() else ""

    def logs(self) -> str:
        """The last lines of everything."""
        logs = sorted((self.root / ".state" / "logs").glob("*.log"))
        return "\n".join([self.said(), *(f"--- {log.name}\n{tail(log)}" for log in logs)])


@pytest.fixture(scope="session")
def session_stack(
    tmp_path_factory: pytest.TempPathFactory, prefect_template: Path
) -> Iterator[Stack]:
    root = _copy_of_project(tmp_path_factory.mktemp("stack"))
    (root / ".state").mkdir()
    shutil.copy(prefect_template, root / ".state")
    stack = Stack(root)
    try:
        stack.start()
        yield stack
        if stack.running():
            stack.stop()
    finally:
        stack.end()


@pytest.fixture
def stack(session_stack: Stack) -> Stack:
    """The stack, up: started again if an earlier test left it down."""
    if not session_stack.running():
        session_stack.start()
    return session_stack


@pytest.fixture(scope="session")
def airline_run(session_stack: Stack) -> str:
    """Flow run id of train/airline, run once by `prefect deployment run`."""
    done = session_stack.deployment_run("airline", {"training.epochs": 2, "seeds": [1]})
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"flow-run/([0-9a-f-]{36})", done.stdout)
    assert found, done.stdout
    return found[1]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: Any = yield
    stack = getattr(item, "funcargs", {}).get("session_stack")
    if report.failed and isinstance(stack, Stack):
        report.sections.append(("the stack's logs", stack.logs()))
    return report


def _with_tags(run: Json) -> Json:
    return {**run["info"], "tags": {tag["key"]: tag["value"] for tag in run["data"]["tags"]}}


def _copy_of_project(root: Path) -> Path:
    """Copies, not links: what is written under it stays there."""
    for name in COPIED:
        if (PROJECT / name).is_dir():
            shutil.copytree(
                PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(PROJECT / name, root)
    for folder in ("mlflow", "home"):
        (root / folder).mkdir()
    for name in ("README.md", "server.env"):
        shutil.copy(PROJECT / "mlflow" / name, root / "mlflow")
    lines = (root / "data" / "airline-passengers.csv").read_text().splitlines()
    lines[3] = f"{lines[3].partition(',')[0]},many"
    (root / "data" / "bad.csv").write_text("\n".join(lines) + "\n")
    content = yaml.safe_load((PROJECT / "prefect.yaml").read_text())
    for deployment in content["deployments"]:  # what runs shall not depend on the time of day
        for schedule in deployment.get("schedules", []):
            schedule["active"] = False
    once = {"interval": DAY, "anchor_date": (datetime.now(UTC) + SOON).isoformat()}
    content["deployments"].append({**SCHEDULED, "schedules": [once]})
    (root / "prefect.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return root
