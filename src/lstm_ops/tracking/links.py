"""Addresses in MLflow's UI that open on model training, not on its GenAI view."""

from __future__ import annotations

from lstm_ops.tracking.store import Store, reports_trouble

VIEW = "workflowType=machine_learning"


def experiment_url(store: Store, experiment: str) -> str | None:
    """The runs of an experiment; None where the store has no UI."""
    return store.address and f"{store.address}/#/experiments/{experiment}/runs?{VIEW}"


@reports_trouble
def experiment_of(store: Store, series: str) -> str | None:
    """The id of a series' experiment; None where it has none yet."""
    found = store.client.get_experiment_by_name(series)
    return None if found is None else str(found.experiment_id)


@reports_trouble
def run_url(store: Store, run_id: str) -> str | None:
    """One run."""
    if store.address is None:
        return None
    return run_url_in(store, store.client.get_run(run_id).info.experiment_id, run_id)


def run_url_in(store: Store, experiment: str, run_id: str) -> str | None:
    """One run of an experiment that is known already."""
    return store.address and f"{store.address}/#/experiments/{experiment}/runs/{run_id}?{VIEW}"


def model_version_url(store: Store, series: str, version: str) -> str | None:
    """One version of a registered model."""
    return store.address and f"{store.address}/#/models/{series}/versions/{version}?{VIEW}"
