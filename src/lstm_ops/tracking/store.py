"""Which MLflow store is talked to, and its trouble told apart from the user's."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ParamSpec, TypeVar

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from lstm_ops.errors import TrackingUnavailable
from lstm_ops.redaction import redacted

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT = "0"  # id of the experiment that MLflow makes with every store
# Shows the experiment under model training; links say so too, since the tag alone does not.
EXPERIMENT_KIND = ("mlflow.experimentKind", "custom_model_development")


@dataclass(frozen=True)
class Store:
    """A tracking server or database, spoken to by explicit run ids only.

    `artifacts` is where new experiments keep their artifacts; None leaves it to the server, which
    is right for any store but the project's own.
    """

    uri: str = field(repr=False)  # may hold a password
    artifacts: Path | None = None
    client: MlflowClient = field(repr=False, compare=False, kw_only=True)

    @property
    def address(self) -> str | None:
        """Where a browser finds the UI."""
        if not self.uri.startswith(("http://", "https://")):
            return None
        return redacted(self.uri).rstrip("/")


def reports_trouble(function: Callable[P, R]) -> Callable[P, R]:
    """Every failure of MLflow or its store leaves the function as `TrackingUnavailable`."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (MlflowException, SQLAlchemyError, OSError) as error:
            told = str(error).partition("[SQL:")[0]  # the statement helps nobody here
            reason = redacted(" ".join(told.split()))[:400]
            raise TrackingUnavailable(
                f"MLflow could not do what was asked ({function.__name__}): "
                f"{reason}. This is not your input's fault: check the server or the store, then "
                "run again"
            ) from None  # it may tell a URL with its password

    return guarded


@reports_trouble
def connect(uri: str, artifacts: Path | None = None) -> Store:
    """A store at a URI. One a process: MLflow's registry looks logged models up by a global URI."""
    # MLflow's default of seven doubling waits would hide a dead server for minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # ours open better
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow.set_tracking_uri(uri)
    return Store(uri, artifacts, client=MlflowClient(uri, registry_uri=uri))


@reports_trouble
def experiment_id(store: Store, series: str) -> str:
    """The MLflow experiment of a series, made where it is missing."""
    found = store.client.get_experiment_by_name(series)
    if found is None:
        return _create_experiment(store, series)
    if found.lifecycle_stage == "deleted":
        store.client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _create_experiment(store: Store, series: str) -> str:
    location = (store.artifacts / series).as_uri() if store.artifacts else None
    try:
        created = store.client.create_experiment(series, location, dict([EXPERIMENT_KIND]))
    except MlflowException:
        found = store.client.get_experiment_by_name(series)  # somebody else was quicker
        if found is None:
            raise
        return str(found.experiment_id)
    return str(created)


@reports_trouble
def artifact_locations(store: Store) -> list[tuple[str, str]]:
    """Experiments that are not deleted, and where the artifacts of each go.

    MLflow's own first one is left out: nothing of ours goes there, wherever that may be.
    """
    found = store.client.search_experiments(max_results=1000)
    return [(e.name, e.artifact_location) for e in found if str(e.experiment_id) != DEFAULT]
