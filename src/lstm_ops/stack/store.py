"""The MLflow store that embedded runs and the local MLflow server share."""

from __future__ import annotations

from pathlib import Path

from lstm_ops import project


def folder() -> Path:
    """`mlflow/`, made on use."""
    path = project.root() / "mlflow"
    path.mkdir(exist_ok=True)
    return path


def database() -> Path:
    return folder() / "mlflow.db"


def uri() -> str:
    """The store as SQLAlchemy names it: `sqlite:///` and an absolute path."""
    return f"sqlite:///{database()}"


def artifacts() -> Path:
    """The one folder of artifacts; MLflow makes it when it first writes."""
    return folder() / "artifacts"
