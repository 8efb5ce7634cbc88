"""Runs on a real store: the names people search by, second tries, and bad ends."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest
from mlflow.entities import Run

from lstm_ops.tracking import links, runs
from lstm_ops.tracking.runs import FlowRunLink
from lstm_ops.tracking.store import Store, experiment_id

LINK = FlowRunLink("11111111-aaaa", "http://localhost:4200/runs/flow-run/11111111-aaaa")


def run(store: Store, run_id: str) -> Run:
    return store.client.get_run(run_id)


def children(store: Store, parent: str) -> list[Run]:
    experiment = run(store, parent).info.experiment_id
    found = store.client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent}'")
    return list(found)


@pytest.fixture
def parent(store: Store) -> str:
    return runs.open_parent(store, "airline", "train airline", "train", LINK)


def test_a_parent_bears_the_names_of_the_contract(store: Store, parent: str) -> None:
    opened = run(store, parent)
    assert opened.info.status == "RUNNING"
    assert opened.info.run_name == "train airline"
    assert store.client.get_experiment(opened.info.experiment_id).name == "airline"
    tags = opened.data.tags
    assert tags["lstm_ops.flow"] == "train"
    assert tags["lstm_ops.series"] == "airline"
    assert tags["prefect.flow_run_id"] == LINK.id
    assert tags["prefect.flow_run_url"] == LINK.url
    assert tags["mlflow.source.name"] == "flows.train"
    assert tags["mlflow.user"] == getpass.getuser()


def test_without_an_address_there_is_no_url(store: Store) -> None:
    parent = runs.open_parent(store, "airline", "x", "train", FlowRunLink("22"))
    assert "prefect.flow_run_url" not in run(store, parent).data.tags
    assert links.run_url(store, parent) is None
    assert links.model_version_url(store, "airline", "1") is None


def test_an_experiment_is_one_for_a_series_and_shows_under_model_training(
    store: Store, tmp_path: Path
) -> None:
    made = experiment_id(store, "airline")
    assert experiment_id(store, "airline") == made
    assert experiment_id(store, "tutorial") != made
    experiment = store.client.get_experiment(made)
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert experiment.artifact_location == (tmp_path / "artifacts" / "airline").as_uri()
    store.client.delete_experiment(made)
    assert experiment_id(store, "airline") == made
    assert store.client.get_experiment(made).lifecycle_stage == "active"


def test_the_same_flow_run_takes_its_parent_up_again(store: Store, parent: str) -> None:
    runs.fail_training(store, LINK.id, "a passing trouble")
    assert runs.open_parent(store, "airline", "train airline", "train", LINK) == parent
    again = run(store, parent)
    assert again.info.status == "RUNNING"
    assert "lstm_ops.error" not in again.data.tags
    other = FlowRunLink("33333333-bbbb")
    assert runs.open_parent(store, "airline", "train airline", "train", other) != parent


def test_a_child_inherits_what_it_is_searched_by(store: Store, parent: str) -> None:
    runs.log(store, parent, tags={"lstm_ops.data_digest": "abc", "lstm_ops.error": "old"})
    tags = {"lstm_ops.forecaster": "lstm", "lstm_ops.seed": "7"}
    child = run(store, runs.open_child(store, parent, "lstm seed 7", tags))
    assert child.info.run_name == "lstm seed 7"
    assert child.data.tags["mlflow.parentRunId"] == parent
    for name, value in {
        **tags,
        "lstm_ops.series": "airline",
        "lstm_ops.flow": "train",
        "lstm_ops.data_digest": "abc",
        "prefect.flow_run_id": LINK.id,
    }.items():
        assert child.data.tags[name] == value
    assert "lstm_ops.error" not in child.data.tags


def test_a_second_try_of_a_child_closes_the_first(store: Store, parent: str) -> None:
    first = runs.open_child(store, parent, "lstm seed 7", {})
    other = runs.open_child(store, parent, "lstm seed 8", {})
    second = runs.open_child(store, parent, "lstm seed 7", {})
    assert second != first
    assert run(store, first).info.status == "FAILED"
    assert "tried again" in run(store, first).data.tags["lstm_ops.error"]
    assert run(store, other).info.status == run(store, second).info.status == "RUNNING"
    assert sorted(str(r.info.run_name) for r in children(store, parent)) == [
        "lstm seed 7",
        "lstm seed 7 (earlier try)",
        "lstm seed 8",
    ]


def test_everything_logged_is_there(store: Store, parent: str) -> None:
    parameters = {f"p{i}": i for i in range(205)}  # MLflow takes 100 in a call
    losses = [1 / epoch for epoch in range(1, 1501)]  # and 1000 of everything
    metrics = {"test/rmse": 0.5, "validation/rmse": float("nan")}
    runs.log(
        store,
        parent,
        parameters=parameters,
        metrics=metrics,
        losses=losses,
        tags={"lstm_ops.x": "1"},
    )
    runs.finish(store, parent)
    logged = run(store, parent)
    assert logged.info.status == "FINISHED"
    assert logged.data.params == {name: str(value) for name, value in parameters.items()}
    assert logged.data.metrics["test/rmse"] == 0.5
    assert logged.data.tags["lstm_ops.x"] == "1"
    history = store.client.get_metric_history(parent, "train/loss")
    assert sorted((m.step, m.value) for m in history) == list(enumerate(losses, 1))


def test_long_settings_are_logged_too(store: Store, parent: str) -> None:
    """MLflow takes 6,000 characters in a parameter; 2,000 seeds have more."""
    seeds = str(list(range(2000)))
    runs.log(store, parent, parameters={"seeds": seeds})
    assert run(store, parent).data.params["seeds"].startswith("[0, 1, 2")


def test_tables_are_there_for_the_ui_and_as_csv(store: Store, parent: str) -> None:
    runs.log_table(store, parent, "scores", [{"forecaster": "a", "rmse": 1.5}])
    artifacts = {f.path for f in store.client.list_artifacts(parent)}
    assert artifacts == {"scores.json", "scores.csv"}
    path = store.client.download_artifacts(parent, "scores.csv")
    assert Path(path).read_text() == "forecaster,rmse\na,1.5\n"


@pytest.mark.parametrize(("killed", "status"), [(False, "FAILED"), (True, "KILLED")])
def test_a_bad_end_closes_parent_and_children_with_the_reason(
    killed: bool, status: str, store: Store, parent: str
) -> None:
    done = runs.open_child(store, parent, "linear", {})
    runs.finish(store, done)
    child = runs.open_child(store, parent, "lstm seed 7", {})
    stranger = runs.open_parent(store, "tutorial", "x", "train", FlowRunLink("44444444-cccc"))
    assert runs.fail_training(store, LINK.id, "it went wrong", killed=killed) == 2
    for closed in (parent, child):
        assert run(store, closed).info.status == status
        assert run(store, closed).info.end_time is not None
        assert run(store, closed).data.tags["lstm_ops.error"] == "it went wrong"
    assert run(store, done).info.status == "FINISHED"
    assert run(store, stranger).info.status == "RUNNING"
    assert runs.fail_training(store, LINK.id, "again") == 0


def test_a_reason_of_any_length_is_told(store: Store, parent: str) -> None:
    runs.fail_training(store, LINK.id, "long " * 5000)
    assert run(store, parent).data.tags["lstm_ops.error"].startswith("long long")
