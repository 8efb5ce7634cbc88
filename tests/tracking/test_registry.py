"""One version for a logged model however often it is registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lstm_ops.data.contract import check_series
from lstm_ops.data.sources import load_raw
from lstm_ops.tracking import runs
from lstm_ops.tracking.inputs import log_series
from lstm_ops.tracking.registry import register
from lstm_ops.tracking.runs import FlowRunLink
from lstm_ops.tracking.served.log import Served, log_model
from lstm_ops.tracking.store import Store


@pytest.fixture
def run_id(store: Store) -> str:
    parent = runs.open_parent(store, "airline", "train airline", "train", FlowRunLink("1"))
    return runs.open_child(store, parent, "linear", {})


@pytest.fixture
def log_linear(store: Store, run_id: str, trained: Callable[..., Any]) -> Callable[[], str]:
    def log() -> str:
        t = trained("linear", 1, "steps")
        served = Served("airline", "linear", t.recipe.window, t.scaling, t.spacing)
        return log_model(store, run_id, t.fitted, served)

    return log


def test_registering_twice_makes_one_version(
    store: Store, run_id: str, log_linear: Callable[[], str]
) -> None:
    first, second = log_linear(), log_linear()
    version = register(store, "airline", first, run_id, "linear")
    assert register(store, "airline", first, run_id, "linear") == version
    assert register(store, "airline", second, run_id, "linear") != version
    made = store.client.search_model_versions("name = 'airline'")
    assert len(made) == 2
    assert {m.tags["forecaster"] for m in made} == {"linear"}
    assert {m.run_id for m in made} == {run_id}
    assert {m.source for m in made} == {f"models:/{first}", f"models:/{second}"}


def test_a_logged_model_belongs_to_its_run_and_bears_its_metrics(
    store: Store, run_id: str, log_linear: Callable[[], str]
) -> None:
    runs.log(store, run_id, parameters={"window.look_back": 4})
    model_id = log_linear()
    runs.log(store, run_id, metrics={"test/rmse": 0.5}, model_id=model_id)
    model = store.client.get_logged_model(model_id)
    assert (model.name, model.source_run_id, str(model.status)) == ("linear", run_id, "READY")
    assert model.params == {"window.look_back": "4"}
    assert [(m.key, m.value) for m in model.metrics or []] == [("test/rmse", 0.5)]
    outputs = store.client.get_run(run_id).outputs
    assert [output.model_id for output in outputs.model_outputs] == [model_id]


def test_the_series_is_an_input_of_the_run(
    store: Store, run_id: str, trained: Callable[..., Any]
) -> None:
    series = check_series(load_raw(trained("linear", 1, "steps").recipe))
    log_series(store, run_id, series, series.digest())
    (logged,) = store.client.get_run(run_id).inputs.dataset_inputs
    assert (logged.dataset.name, logged.dataset.digest) == ("airline", series.digest())
    assert "airline-passengers.csv" in logged.dataset.source
    assert '"num_rows": 144' in logged.dataset.profile
    assert [(tag.key, tag.value) for tag in logged.tags] == [("mlflow.data.context", "training")]
