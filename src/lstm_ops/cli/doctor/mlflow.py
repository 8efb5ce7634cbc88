"""MLflow's store: whether it answers, its schema, and where its artifacts lie."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lstm_ops.cli.doctor.finding import Finding, fault, ok, some, warning
from lstm_ops.cli.doctor.situation import PATIENCE, Situation
from lstm_ops.collector import uncollected
from lstm_ops.errors import TrackingUnavailable
from lstm_ops.redaction import redacted
from lstm_ops.stack import store as local_store
from lstm_ops.stack.discovery import is_local_store
from lstm_ops.stack.prefect_http import is_here

if TYPE_CHECKING:
    from lstm_ops.tracking.store import Store


def server(situation: Situation) -> Iterator[Finding]:
    """Which store is meant, and whether its server answers. A database is the schema's matter."""
    meant = situation.mlflow
    where = f"{redacted(meant.url)} (by {meant.meant_by})"
    if not meant.url.startswith(("http://", "https://")):
        yield ok(f"{where}{', made by the first training' if situation.nothing_trained else ''}")
        return
    version = server_version(meant.url)
    here = metadata.version("mlflow")
    if version is None:
        yield fault(
            f"{where} does not answer",
            "look into .state/logs/mlflow.log, stop the stack and make up again"
            if meant.meant_by == "make up"
            else "start that server, or unset MLFLOW_TRACKING_URI",
        )
    elif version != here:
        yield warning(
            f"{where} is MLflow {version}, here {here} is installed",
            "give both the version of requirements.lock",
        )
    else:
        yield ok(f"{where} answers, version {version}")


def schema(situation: Situation) -> Iterator[Finding]:
    """Alembic's revision in the database, against the installed MLflow's."""
    database = situation.mlflow_database
    if database is None:
        yield ok("the server's own matter")
        return
    if situation.nothing_trained:
        yield ok("no database yet")
        return
    from lstm_ops.tracking.schema import revisions

    found = revisions(database)
    versions = f"revision {found.found or 'none'}, MLflow {metadata.version('mlflow')} needs"
    if found.fit:
        yield ok(f"revision {found.found}")
    elif found.known or found.found is None:
        yield fault(
            f"{redacted(database)} has an old schema: {versions} {found.needed}",
            "stop what uses it, make a copy of the database, then: "
            f".venv/bin/mlflow db upgrade {redacted(database)}",
        )
    else:
        yield fault(
            f"{redacted(database)} was written by a newer MLflow: {versions} {found.needed}",
            "install that MLflow, or go back to a copy of the database",
        )


def artifacts(situation: Situation) -> Iterator[Finding]:
    """Whether the folder can be written, and whether experiments point into it."""
    if not is_local_store(situation.mlflow.url):
        yield ok("left to the server")
        return
    folder = local_store.artifacts()
    trouble = _trouble_with(folder)
    if trouble:
        yield fault(
            f"{folder} cannot be written: {trouble}",
            "make it a folder that you may write to; what lies in its way goes elsewhere",
        )
    store = quick_store(situation)
    outside = _locations_outside(store, folder) if store else []
    if outside:
        yield _moved(outside, folder)
    elif not trouble:
        yield ok(f"{folder} can be written")


def quick_store(situation: Situation) -> Store | None:
    """The store with little patience; None where it is not there, or not to be read."""
    if not _readable(situation):
        return None
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", f"{PATIENCE:.0f}")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with uncollected():
        from lstm_ops.tracking.store import connect

    # The database itself: a client of it needs no server, and sees the same runs.
    return connect(situation.mlflow_database or situation.mlflow.url)


def server_version(url: str) -> str | None:
    """Of an MLflow server; None where none answers."""
    import httpx

    user, password = (os.environ.get(f"MLFLOW_TRACKING_{n}") for n in ("USERNAME", "PASSWORD"))
    client = httpx.Client(
        auth=(user, password or "") if user else None,
        trust_env=not is_here(url),  # no proxy leads to a server on this machine
        timeout=PATIENCE,
    )
    try:
        with client:
            answer = client.get(f"{url.rstrip('/')}/version")
    except httpx.HTTPError:
        return None
    return answer.text.strip() if answer.is_success else None


def _readable(situation: Situation) -> bool:
    database = situation.mlflow_database
    if database is None:
        return server_version(situation.mlflow.url) is not None
    if situation.nothing_trained:
        return False
    from lstm_ops.tracking.schema import revisions

    try:
        return revisions(database).fit
    except TrackingUnavailable:
        return False


def _trouble_with(folder: Path) -> str | None:
    """Why nothing can be written there; a folder that is not there yet is made by MLflow."""
    there = folder if folder.exists() else folder.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _locations_outside(store: Store, folder: Path) -> list[str]:
    """`experiment: place` of those whose artifacts go elsewhere, as after a move of the project."""
    from lstm_ops.tracking.store import artifact_locations

    return [
        f"{name}: {location}"
        for name, location in artifact_locations(store)
        if not _path_of(location).resolve().is_relative_to(folder.resolve())
    ]


def _path_of(location: str) -> Path:
    return Path(unquote(urlsplit(location).path if "://" in location else location))


def _moved(outside: list[str], folder: Path) -> Finding:
    place = _path_of(outside[0].partition(": ")[2]).parent
    return warning(
        f"artifacts go elsewhere, of {some(outside, 3)}",
        f"where the project was moved: put a link at the old place, ln -s {folder} {place}",
    )
