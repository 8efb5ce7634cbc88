"""Addresses in MLflow's UI that open on model training, not on its GenAI view."""

from __future__ import annotations

from lstm_ops.tracking.store import Store, reports_trouble

VIEW = "workflowType=machine_learning"


def experiment_url(store: Store, experiment: str) -> str | None:
    """The runs of an experiment; None where the store has no UI."""
    return store.address and f"{store.address}/#/experiments/{experiment}/runs?{VIEW}"


@reports_trouble
def run_url(store: Store, run_id: str) -> str | None:
    """One run."""
    if store.address is None:
        return None
    experiment = store.client.get_run(run_id).info.experiment_id
    return f"{store.address}/#/experiments/{experiment}/runs/{run_id}?{VIEW}"


def model_version_url(store: Store, series: str, version: str) -> str | None:
    """One version of a registered model."""
    return store.address and f"{store.address}/#/models/{series}/versions/{version}?{VIEW}"
