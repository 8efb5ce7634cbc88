"""Addresses in MLflow's UI that open on model training, not on its GenAI view."""

from __future__ import annotations

from lstm_ops.tracking.store import Store

VIEW = "workflowType=machine_learning"


def experiment_url(store: Store, experiment: str) -> str | None:
    """The runs of an experiment; None where the store has no UI."""
    return store.address and f"{store.address}/#/experiments/{experiment}/runs?{VIEW}"


def run_url(store: Store, experiment: str, run_id: str) -> str | None:
    """One run."""
    return store.address and f"{store.address}/#/experiments/{experiment}/runs/{run_id}?{VIEW}"


def model_version_url(store: Store, series: str, version: str) -> str | None:
    """One version of a registered model."""
    return store.address and f"{store.address}/#/models/{series}/versions/{version}?{VIEW}"
