"""The registry: one registered model a series, a version of it for each model that is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from lstm_ops.tracking import names
from lstm_ops.tracking.store import Store, reports_trouble


@reports_trouble
def register(
    store: Store,
    series: str,
    model_id: str,
    run_id: str,
    forecaster: str,
    tags: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """A version of the series' model; the one already made when this is a second try."""
    _ensure_registered_model(store, series)
    source = f"models:/{model_id}"
    for version in store.client.search_model_versions(f"name = '{series}' and run_id = '{run_id}'"):
        if version.model_id == model_id or version.source == source:
            return str(version.version)
    made = store.client.create_model_version(
        series,
        source=source,
        run_id=run_id,
        tags={names.VERSION_FORECASTER: forecaster, **tags},
        model_id=model_id,
    )
    _mention_version(store, model_id, series, str(made.version))
    return str(made.version)


@reports_trouble
def withdraw(store: Store, series: str, version: str) -> None:
    """Take a version back that nobody will want; its run and its logged model stay."""
    store.client.delete_model_version(series, version)


def _mention_version(store: Store, model_id: str, series: str, version: str) -> None:
    """On the logged model, which versions it became: a server sees to it, a database does not."""
    tags = store.client.get_logged_model(model_id).tags
    known = json.loads(tags.get(MLFLOW_MODEL_VERSIONS, "[]"))
    mention = {"name": series, "version": int(version)}
    if mention not in known:
        store.client.set_logged_model_tags(
            model_id, {MLFLOW_MODEL_VERSIONS: json.dumps([*known, mention])}
        )


def _ensure_registered_model(store: Store, series: str) -> None:
    try:
        store.client.create_registered_model(series)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
