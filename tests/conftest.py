"""Shared by all tests: a project folder, stores and fits that are thrown away or made once."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from lstm_ops.data.scaling import Scaling
    from lstm_ops.data.spacing import Spacing
    from lstm_ops.data.windows import Parts
    from lstm_ops.experiment import Experiment
    from lstm_ops.models.forecaster import Fitted
    from lstm_ops.tracking.store import Store

PROJECT = Path(__file__).resolve().parents[1]
SHARED = ("data", "experiments", "flows", "prefect.yaml", "requirements.lock")

# Nothing may leave this machine while tests run. Read when the libraries are imported.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["DO_NOT_TRACK"] = "1"

# What the big imports make never dies; walking it again and again took a seventh of the time.
gc.set_threshold(100_000, 50, 100)

# The same examples on every machine, however slow, and none kept inside the repository.
settings.register_profile("project", deadline=None, database=None, derandomize=True)
settings.load_profile("project")

# What a fit chooses about its windows besides; it needs 3 + 7 + 1 of their values.
ADAPTED = {
    "look_back": 3,
    "difference": True,
    "seasonal_lags": {"season_length": 4, "seasons": 2},
    "normalise": "last_scale",
}

InFreshPython = Callable[..., str]

# With several processes (`make test`): what shares a server that takes long to start stays in one.
TOGETHER = {"tests/e2e/": "stack", "tests/flows/": "prefect_server", "tests/cli/": "cli"}

# Begun first, so that no process is left with something long while the other is done. The stack's
# tests mostly wait for other processes.
LONGEST = (*TOGETHER, "tests/tracking/", "tests/models/", "tests/behaviour/", "tests/anatomy/")


class ByServer(LoadScopeScheduling):
    """Tests of a file stay together, and those of files that share a server."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((name for path, name in TOGETHER.items() if file.startswith(path)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByServer:
    """Instead of the plugin's own choices, of which one is to begin with the most tests."""
    config.option.loadscopereorder = False
    return ByServer(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the `LONGEST` first, in the order given there; else all stays where it is."""

    def place(item: pytest.Item) -> int:
        starts = (n for n, path in enumerate(LONGEST) if item.nodeid.startswith(path))
        return next(starts, len(LONGEST))

    items.sort(key=place)


@dataclass(frozen=True)
class Trained:
    """A forecaster fitted on the airline's train part, and what was used for it."""

    recipe: Experiment
    parts: Parts
    spacing: Spacing
    scaling: Scaling
    fitted: Fitted


@pytest.fixture(scope="session")
def project_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project root whose inputs are the repository's and whose results go elsewhere."""
    folder = tmp_path_factory.mktemp("project")
    for name in SHARED:
        (folder / name).symlink_to(PROJECT / name)
    return folder


@pytest.fixture
def home(project_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`project_folder` as the project's root, with no server named by the environment."""
    monkeypatch.setenv("LSTM_OPS_HOME", str(project_folder))
    for name in ("MLFLOW_TRACKING_URI", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    return project_folder


@pytest.fixture(scope="session")
def prefect_template(project_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated Prefect database, made once for all processes of the tests.

    `project_folder` has it where the project's own servers look for it.
    """
    from lstm_ops.stack import template
    from lstm_ops.stack.embedded import EmbeddedPrefect

    own = tmp_path_factory.getbasetemp()
    base = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with (
        pytest.MonkeyPatch.context() as environment,
        (base / "prefect.lock").open("w") as lock,
    ):
        environment.setenv("LSTM_OPS_HOME", str(project_folder))
        shared = base / template.path().name
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            with EmbeddedPrefect() as server:
                server.wait()
            shutil.copy(template.path(), shared)
        shutil.copy(shared, template.path())
    return shared


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow store. Its migrations take seconds, so that each test copies this one."""
    from mlflow import MlflowClient

    database = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(f"sqlite:///{database}").search_experiments()
    return database


@pytest.fixture
def new_store(migrated_database: Path) -> Callable[[Path], str]:
    """Makes an empty SQLite store in a folder and gives its URI."""

    def make(folder: Path) -> str:
        database = folder / "mlflow.db"
        with (
            closing(sqlite3.connect(migrated_database)) as source,
            closing(sqlite3.connect(database)) as target,
        ):
            source.backup(target)
        return f"sqlite:///{database}"

    return make


@pytest.fixture
def mlflow_globals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Puts back the one global that `connect` sets. Requests that fail are tried once more."""
    import mlflow

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    before = mlflow.get_tracking_uri()
    yield
    mlflow.set_tracking_uri(before)


@pytest.fixture
def store(
    home: Path, mlflow_globals: None, new_store: Callable[[Path], str], tmp_path: Path
) -> Store:
    """A real MLflow store on SQLite, of this test alone."""
    from lstm_ops.tracking.store import connect

    del home, mlflow_globals
    return connect(new_store(tmp_path), tmp_path / "artifacts")


@pytest.fixture(scope="session")
def in_fresh_python() -> InFreshPython:
    """Runs Python code in an interpreter of its own and gives what it prints."""

    def run(code: str, *arguments: str, path: tuple[Path, ...] = (), cwd: Path = PROJECT) -> str:
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "KERAS_HOME")}
        environment["PYTHONPATH"] = os.pathsep.join(map(str, path))
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def trained(project_folder: Path) -> Callable[..., Trained]:
    """Fits a forecaster of a kind on airline passengers, once for each horizon and layout.

    An `adapted` one sees changes with seasonal lags, of windows of 14 instead of 4.
    """
    from lstm_ops.data.contract import check_series
    from lstm_ops.data.scaling import fit_scaling
    from lstm_ops.data.sources import load_raw
    from lstm_ops.data.windows import split
    from lstm_ops.experiment.files import build
    from lstm_ops.models.catalog import create
    from lstm_ops.models.forecaster import ignore_epochs

    @cache
    def fit(kind: str, horizon: int, layout: str, adapted: bool = False) -> Trained:
        look_back, choices = (14, ADAPTED) if adapted else (4, {})
        content: dict[str, Any] = {
            "series": "airline",
            "source": {
                "kind": "file",
                "path": str(project_folder / "data" / "airline-passengers.csv"),
                "time": "Month",
                "value": "Passengers",
            },
            "window": {"look_back": look_back, "horizon": horizon, "layout": layout},
            "scaling": "minmax",
            "forecasters": [{"kind": kind, **choices}],
            "training": {"epochs": 3, "batch_size": 32, "learning_rate": 0.01},
        }
        recipe = build(content, {}, "tests")
        series = check_series(load_raw(recipe))
        parts = split(series.values, recipe.split, recipe.window)
        scaling = fit_scaling(recipe.scaling, parts.train_values)
        fitted = create(recipe.forecasters[0], recipe).fit(
            scaling.apply(parts.train.inputs),
            scaling.apply(parts.train.targets),
            seed=7,
            on_epoch=ignore_epochs,
        )
        return Trained(recipe, parts, series.spacing, scaling, fitted)

    return fit
