"""Which servers a command talks to: the environment, the local stack, embedded; in that order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lstm_ops.stack import discovery, ports, record
from lstm_ops.stack.addresses import Addresses
from lstm_ops.stack.marks import ProcessMark
from lstm_ops.stack.record import Record


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path in ("/health", "/api/health") else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def healthy() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Healthy)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def _record(addresses: Addresses) -> None:
    record.claim(Record("token", ProcessMark.of_this_process(), addresses))


def test_nothing_runs_and_nothing_is_set(root: Path) -> None:
    assert discovery.prefect_api_url() is None
    assert discovery.tracking_uri() == f"sqlite:///{root}/mlflow/mlflow.db"
    assert (root / "mlflow").is_dir()


def test_the_stack_that_answers(healthy: int) -> None:
    silent = ports.free_port()
    _record(Addresses(prefect_port=healthy, mlflow_port=silent))
    assert discovery.prefect_api_url() == f"http://127.0.0.1:{healthy}/api"
    assert discovery.tracking_uri().startswith("sqlite:///")


def test_the_stacks_mlflow(healthy: int) -> None:
    _record(Addresses(prefect_port=ports.free_port(), mlflow_port=healthy))
    assert discovery.prefect_api_url() is None
    assert discovery.tracking_uri() == f"http://127.0.0.1:{healthy}"


def test_the_environment_comes_first(healthy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _record(Addresses(prefect_port=healthy, mlflow_port=ports.free_port()))
    monkeypatch.setenv("PREFECT_API_URL", "http://team:4200/api")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://team:5000")
    assert discovery.prefect_api_url() == "http://team:4200/api"
    assert discovery.tracking_uri() == "http://team:5000"


def test_the_local_store_by_each_of_its_names(root: Path) -> None:
    _record(Addresses(4200, 5001))
    for uri in (
        f"sqlite:///{root}/mlflow/mlflow.db",
        "http://127.0.0.1:5001",
        "http://localhost:5001/",
    ):
        assert discovery.is_local_store(uri), uri
    for uri in (
        f"sqlite:///{root}/other.db",
        "http://127.0.0.1:5000",
        "http://team:5001",
        "databricks",
    ):
        assert not discovery.is_local_store(uri), uri


def test_without_a_stack_no_server_is_the_local_store() -> None:
    assert not discovery.is_local_store("http://127.0.0.1:5000")
