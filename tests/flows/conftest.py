"""A Prefect server on a database that is thrown away, and an MLflow store for each module."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lstm_ops.evaluation import drawing
from lstm_ops.stack.embedded import EmbeddedPrefect

HOME = tempfile.TemporaryDirectory(prefix="prefect-home-")

# Prefect reads its settings when it is imported, and would keep its home inside the repository.
with pytest.MonkeyPatch.context() as environment:
    environment.setenv("PREFECT_HOME", HOME.name)
    environment.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    environment.setenv("PREFECT_LOGGING_LEVEL", "WARNING")
    environment.delenv("PREFECT_API_URL", raising=False)
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        temporary_settings,
    )


@pytest.fixture(scope="session")
def prefect_server(project_folder: Path, prefect_template: Path) -> Iterator[None]:
    """One server for all flow runs, as a run by itself would start it, and as quiet."""
    del prefect_template
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LSTM_OPS_HOME", str(project_folder))
        started = EmbeddedPrefect()
        url = started.wait()
    settings = {PREFECT_API_URL: url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    with started, temporary_settings(settings):
        yield
        APILogWorker.drain_all()
        EventsWorker.drain_all()


@pytest.fixture(scope="module")
def tracked(
    tmp_path_factory: pytest.TempPathFactory,
    migrated_database: Path,
    project_folder: Path,
    prefect_server: None,
) -> Iterator[str]:
    """The environment of a flow run: project, server and an MLflow store. Gives the store's URI."""
    import mlflow

    del prefect_server
    from flows.store import tracking_store

    folder = tmp_path_factory.mktemp("tracked")
    uri = f"sqlite:///{shutil.copy(migrated_database, folder / 'mlflow.db')}"
    before = mlflow.get_tracking_uri()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LSTM_OPS_HOME", str(project_folder))
        environment.setenv("MLFLOW_TRACKING_URI", uri)
        environment.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        environment.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        environment.chdir(folder)  # a store named by the environment keeps artifacts in ./mlruns
        tracking_store.cache_clear()
        yield uri
    tracking_store.cache_clear()
    mlflow.set_tracking_uri(before)


@pytest.fixture
def unpictured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures stay empty files, for what is about something else: a sixth of the flows' time."""
    monkeypatch.setattr(drawing, "save", lambda _, path: path.touch())
