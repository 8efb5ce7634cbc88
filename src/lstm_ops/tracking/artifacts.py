"""Files below an artifact address: listed, read and deleted, locally or through a server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mlflow.artifacts
from mlflow.entities import FileInfo
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from lstm_ops.tracking.store import Store


def files(store: Store, address: str) -> Iterator[FileInfo]:
    """Every file in every folder; none where the address is gone."""
    yield from _files(_repository(store, address), None)


def size(store: Store, address: str) -> int:
    """Bytes of all files."""
    return sum(int(file.file_size or 0) for file in files(store, address))


def text(address: str, path: str) -> str:
    """One file."""
    return str(mlflow.artifacts.load_text(f"{address.rstrip('/')}/{path}"))


def delete(store: Store, address: str) -> None:
    """Everything below the address. What is gone already is no error."""
    repository: Any = _repository(store, address)  # not annotated
    repository.delete_artifacts()


def _repository(store: Store, address: str) -> ArtifactRepository:
    return get_artifact_repository(address, tracking_uri=store.uri, registry_uri=store.uri)


def _files(repository: ArtifactRepository, folder: str | None) -> Iterator[FileInfo]:
    for found in repository.list_artifacts(folder):
        if found.is_dir:
            yield from _files(repository, found.path)
        else:
            yield found
