"""The train flow on a temporary Prefect server and a SQLite store: what it leaves behind."""

from __future__ import annotations

import socket
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelled
from prefect.utilities.callables import parameter_schema

from flows.endings import close_runs
from flows.store import tracking_store
from flows.train import train
from lstm_ops.data import series as series_files
from lstm_ops.experiment import load, override_paths
from lstm_ops.tracking import runs
from lstm_ops.tracking.runs import FlowRunLink

STEPS = sys.modules["flows.train"]  # the module; `flows.train.train` is the flow
SMALL = {
    "forecasters": [{"kind": "lstm"}, {"kind": "linear"}, {"kind": "persistence"}],
    "training.epochs": 2,
    "training.batch_size": 16,
    "seeds": [1, 2],
}
CLOSED_FORMS = {"forecasters": [{"kind": "linear"}, {"kind": "persistence"}]}
CHILDREN = {"lstm seed 1", "lstm seed 2", "linear", "persistence"}


@dataclass(frozen=True)
class Store:
    """What is in the store, looked up afresh with MLflow's own client."""

    client: MlflowClient

    def runs(self, where: str = "") -> list[Run]:
        experiments = [e.experiment_id for e in self.client.search_experiments()]
        return list(self.client.search_runs(experiments, where))

    def parent_of(self, flow_run: object) -> Run:
        where = f"tags.`prefect.flow_run_id` = '{flow_run}' and tags.`lstm_ops.flow` = 'train'"
        (parent,) = [r for r in self.runs(where) if "mlflow.parentRunId" not in r.data.tags]
        return parent

    def children(self, parent: Run) -> dict[str, Run]:
        found = self.runs(f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
        return {str(run.info.run_name): run for run in found}

    def artifacts(self, run: Run, path: str | None = None) -> set[str]:
        return {f.path for f in self.client.list_artifacts(run.info.run_id, path)}

    def download(self, run: Run, path: str) -> Path:
        return Path(self.client.download_artifacts(run.info.run_id, path))

    def registry(self, series: str = "airline") -> tuple[list[int], int]:
        """Every version of a series, and the champion's."""
        versions = self.client.search_model_versions(f"name = '{series}'")
        champion = self.client.get_model_version_by_alias(series, "champion")
        return sorted(int(v.version) for v in versions), int(champion.version)


@pytest.fixture(scope="module")
def store(tracked: str) -> Store:
    return Store(MlflowClient(tracked))


@pytest.fixture(scope="module")
def done(store: Store) -> SimpleNamespace:
    """One training that ends well: a network with two seeds, and closed forms."""
    state = train(experiment="airline", overrides=SMALL, return_state=True)
    assert state.is_completed(), state.message
    parent = store.parent_of(state.state_details.flow_run_id)
    return SimpleNamespace(
        state=state, result=state.result(), parent=parent, children=store.children(parent)
    )


def artifacts_of(flow_run: object) -> dict[str, Any]:
    """Prefect's artifacts of one flow run by key."""
    with get_client(sync_client=True) as client:
        wanted = {"artifacts": {"flow_run_id": {"any_": [str(flow_run)]}}}
        found = client.request("POST", "/artifacts/filter", json=wanted).json()
    return {a["key"]: a for a in found}


def test_a_parent_and_a_child_for_each_forecaster_and_seed(done: SimpleNamespace) -> None:
    assert done.parent.info.status == "FINISHED"
    assert done.parent.info.run_name == "train airline"
    assert set(done.children) == CHILDREN
    assert {run.info.status for run in done.children.values()} == {"FINISHED"}


def test_every_run_bears_the_tags_of_the_contract(done: SimpleNamespace) -> None:
    common = {
        "lstm_ops.flow": "train",
        "lstm_ops.series": "airline",
        "lstm_ops.experiment": "airline",
        "lstm_ops.cutoff": "1956-12-01 00:00:00",  # the 96th month, int(144 · 0.67)
        "prefect.flow_run_id": str(done.state.state_details.flow_run_id),
    }
    for name, run in {"parent": done.parent, **done.children}.items():
        tags = run.data.tags
        assert {key: tags.get(key) for key in common} == common, name
        assert len(tags["lstm_ops.data_digest"]) == len(tags["lstm_ops.code_digest"]) == 16
        assert "lstm_ops.error" not in tags
    for name, run in done.children.items():
        kind, _, seed = name.partition(" seed ")
        assert run.data.tags["lstm_ops.forecaster"] == kind
        assert run.data.tags.get("lstm_ops.seed", "") == seed


def test_every_setting_is_a_parameter(done: SimpleNamespace) -> None:
    params = done.parent.data.params
    assert params["training.epochs"] == "2"
    assert params["split.validation_fraction"] == "0.2"
    assert set(params) <= set(override_paths())
    child = done.children["lstm seed 2"].data.params
    assert (child["seed"], child["forecaster.units"], child["window.look_back"]) == ("2", "4", "1")


def test_every_metric_of_the_contract(done: SimpleNamespace, store: Store) -> None:
    shared = {
        "train/rmse",
        "validation/rmse",
        "test/rmse",
        "train/rmse_tutorial",
        "test/rmse_tutorial",
        "test/skill_vs_persistence",
        "fit/seconds",
        "model/parameters",
    }
    for name, run in done.children.items():
        trained = {"fit/steps_per_second", "train/loss"} if "seed" in name else set()
        assert set(run.data.metrics) == shared | trained, name
    linear = done.children["linear"].data.metrics
    assert linear["test/rmse"] == pytest.approx(48.75735536373776, abs=1e-6)
    history = store.client.get_metric_history(
        done.children["lstm seed 1"].info.run_id, "train/loss"
    )
    assert sorted(point.step for point in history) == [1, 2]
    assert done.children["lstm seed 1"].data.metrics["model/parameters"] == 101


def test_the_parent_brings_the_run_back(done: SimpleNamespace, store: Store) -> None:
    names = store.artifacts(done.parent)
    assert names >= {"experiment.yaml", "series.parquet", "requirements.lock", "scores.json"}
    assert load(str(store.download(done.parent, "experiment.yaml"))) == load("airline", SMALL)
    series = series_files.read(store.download(done.parent, "series.parquet"))
    assert len(series) == 144
    assert series.digest() == done.parent.data.tags["lstm_ops.data_digest"]
    (data,) = done.parent.inputs.dataset_inputs
    assert data.dataset.digest == series.digest()
    pictures = store.artifacts(done.parent, "figures")
    assert pictures == {f"figures/{n}.png" for n in ("series", "forecasts", "loss", "test_rmse")}


def test_the_best_median_of_validation_is_challenger(done: SimpleNamespace, store: Store) -> None:
    validations: dict[str, list[float]] = {}
    for run in done.children.values():
        kind = run.data.tags["lstm_ops.forecaster"]
        validations.setdefault(kind, []).append(run.data.metrics["validation/rmse"])
    best = min(validations, key=lambda kind: statistics.median(validations[kind]))
    made = done.result["versions"]
    assert set(made) == set(validations)
    challenger = store.client.get_model_version_by_alias("airline", "challenger")
    assert challenger.tags["forecaster"] == best
    for number in made.values():  # stands for its forecaster: the lower of two validation scores
        version = store.client.get_model_version("airline", number)
        run = store.client.get_run(version.run_id)
        assert run.data.metrics["validation/rmse"] == min(validations[version.tags["forecaster"]])
        assert version.tags["cutoff"] == "1956-12-01 00:00:00"
        assert len(version.tags["recipe"]) == 16


def test_the_gate_names_the_champion_which_has_seen_all_data(
    done: SimpleNamespace, store: Store
) -> None:
    champion = store.client.get_model_version_by_alias("airline", "champion")
    assert done.result["champion"] == {
        "forecaster": champion.tags["forecaster"],
        "version": str(champion.version),
        "cutoff": "1960-12-01 00:00:00",
    }
    assert done.result["decision"]["kind"] == "first"
    assert str(champion.version) not in done.result["versions"].values()
    gate = store.client.get_run(done.result["mlflow"]["decision_run_id"])
    assert (gate.info.run_name, gate.info.status) == ("promote airline", "FINISHED")
    assert gate.data.tags["mlflow.note.content"].startswith("**Decision 1: version ")


def test_each_child_has_its_model_and_the_models_their_metrics(
    done: SimpleNamespace, store: Store
) -> None:
    for name, run in done.children.items():
        (output,) = run.outputs.model_outputs
        model = store.client.get_logged_model(output.model_id)
        metrics = {metric.key: metric.value for metric in model.metrics or []}
        assert metrics["test/rmse"] == run.data.metrics["test/rmse"], name


def test_the_champion_is_served(done: SimpleNamespace, store: Store) -> None:
    series = series_files.read(store.download(done.parent, "series.parquet"))
    history = series.frame.rename(columns={"t": "time", "y": "value"})
    answer = mlflow.pyfunc.load_model("models:/airline@champion").predict(
        history, params={"horizon": 3}
    )
    assert [str(time.date()) for time in answer["time"]] == [f"1961-0{m}-01" for m in (1, 2, 3)]


def test_the_verdict_is_the_runs_description(done: SimpleNamespace) -> None:
    description = done.parent.data.tags["mlflow.note.content"]
    assert description.startswith("The LSTM (lstm) ")
    assert "has the best validation score." in description
    assert "| forecaster |" in description
    assert description.startswith(done.result["verdict"])


def test_prefect_shows_scores_verdict_and_the_way_to_mlflow(done: SimpleNamespace) -> None:
    shown = artifacts_of(done.state.state_details.flow_run_id)
    assert set(shown) == {
        "airline-scores",
        "airline-verdict",
        "airline-mlflow-run",
        "airline-decision",
        "airline-contest",
        "airline-decision-run",
        "airline-champion",
    }
    assert done.result["verdict"] in shown["airline-verdict"]["data"]
    assert done.parent.info.run_id in shown["airline-mlflow-run"]["data"]
    assert "Decision 1: version" in shown["airline-decision"]["data"]
    assert "persistence" in str(shown["airline-contest"]["data"])


def test_nothing_is_left_in_the_work_folder(done: SimpleNamespace, project_folder: Path) -> None:
    assert not (project_folder / ".state" / "work" / done.parent.info.run_id).exists()


MONTHS = [f"{year}-{month:02}" for year in range(2000, 2012) for month in range(1, 13)]


def written(path: Path, values: list[str]) -> str:
    rows = zip(MONTHS, values, strict=True)
    path.write_text("Month,Passengers\n" + "".join(f"{t},{y}\n" for t, y in rows))
    return str(path)


@pytest.mark.usefixtures("done")
def test_bad_data_register_nothing_and_leave_the_champion_alone(
    store: Store, tmp_path: Path
) -> None:
    before = store.registry()
    values = ["x" if i in (3, 5) else str(i) for i in range(144)]
    bad = {**CLOSED_FORMS, "source.path": written(tmp_path / "bad.csv", values)}
    state = train(experiment="airline", overrides=bad, return_state=True)
    assert (state.name, state.type.value) == ("InvalidInput", "FAILED")
    assert "bad.csv breaks 1 rule" in str(state.message)
    flow_run = state.state_details.flow_run_id
    run = store.parent_of(flow_run)
    assert run.info.status == "FAILED"
    assert run.data.tags["lstm_ops.error"].startswith("InvalidInput: ")
    assert "value is a number: broken by 2 rows" in run.data.tags["lstm_ops.error"]
    rows = store.download(run, "rejected_rows.csv").read_text().splitlines()
    assert rows == ["row,rule,got", "4,value is a number,x", "6,value is a number,x"]
    assert len(artifacts_of(flow_run)["airline-rejected-rows"]["data"]) > 0
    assert store.registry() == before
    assert store.children(run) == {}


@pytest.mark.usefixtures("done")
@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"source.path": "data/nowhere.csv"}, "no such file"),
        ({"window.look_back": 90}, "Shorten window.look_back"),
    ],
)
def test_other_faults_of_the_input_end_the_same_way(
    overrides: dict[str, Any], words: str, store: Store
) -> None:
    before = store.registry()
    state = train("airline", {**CLOSED_FORMS, **overrides}, return_state=True)
    assert state.name == "InvalidInput"
    assert words in str(state.message)
    run = store.parent_of(state.state_details.flow_run_id)
    assert run.info.status == "FAILED"
    assert words in run.data.tags["lstm_ops.error"]
    assert store.registry() == before


def test_a_bad_experiment_leaves_no_run_behind(store: Store) -> None:
    before = len(store.runs())
    for experiment, overrides in (("nobody", {}), ("airline", {"training.epochs": 0})):
        state = train(experiment, overrides, return_state=True)
        assert state.name == "InvalidInput"
    assert len(store.runs()) == before


@pytest.mark.usefixtures("done")
def test_a_second_training_on_the_same_data_keeps_the_champion(store: Store) -> None:
    """It has seen every point: there is nothing to judge on. Keeping it is a success."""
    versions, champion = store.registry()
    state = train("airline", CLOSED_FORMS, return_state=True)
    assert state.is_completed()
    after, still = store.registry()
    assert len(after) == len(versions) + 2
    assert still == champion
    decision = state.result()["decision"]
    assert decision["kind"] == "kept"
    assert "no point since the champion's cutoff" in decision["because"]


def refused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets a step try again at once."""

    def hurry(step: str) -> None:
        monkeypatch.setattr(getattr(STEPS, step), "retry_delay_seconds", 0)

    return hurry


@pytest.mark.usefixtures("store")
def test_a_tracking_server_that_is_down_is_no_fault_of_the_input(
    impatient: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient("opened")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{refused_port()}")
    before = mlflow.get_tracking_uri()
    tracking_store.cache_clear()
    try:
        state = train("airline", CLOSED_FORMS, return_state=True)
    finally:
        tracking_store.cache_clear()
        mlflow.set_tracking_uri(before)
    assert (state.name, state.type.value) == ("Failed", "FAILED")
    assert "TrackingUnavailable" in str(state.message)


def test_a_source_that_is_down_is_no_fault_of_the_input(
    store: Store, impatient: Callable[[str], None]
) -> None:
    impatient("loaded")
    url = f"http://ann:secret@127.0.0.1:{refused_port()}/y.csv"
    state = train("airline", {**CLOSED_FORMS, "source.path": url}, return_state=True)
    assert state.name == "Failed"
    assert "SourceUnavailable" in str(state.message)
    run = store.parent_of(state.state_details.flow_run_id)
    assert run.info.status == "FAILED"
    assert "did not answer" in run.data.tags["lstm_ops.error"]
    assert "secret" not in run.data.tags["lstm_ops.error"]


def test_a_cancelled_flow_run_leaves_killed_runs(store: Store) -> None:
    flow_run = FlowRun(flow_id="11111111-1111-1111-1111-111111111111")
    here = tracking_store()
    parent = runs.open_parent(here, "airline", "x", "train", FlowRunLink(str(flow_run.id)))
    close_runs(train, flow_run, Cancelled(message="enough"))
    closed = store.client.get_run(parent)
    assert closed.info.status == "KILLED"
    assert closed.data.tags["lstm_ops.error"] == "Cancelled: enough"


def test_the_schema_of_parameters_names_every_override() -> None:
    """So that Prefect's server refuses a misspelt one before a run exists."""
    schema = parameter_schema(train).model_dump()
    overrides = schema["properties"]["overrides"]
    options = [overrides, *overrides.get("anyOf", [])]
    (listed,) = (o["propertyNames"]["enum"] for o in options if "propertyNames" in o)
    assert set(listed) == set(override_paths())
    assert schema["properties"]["experiment"]["type"] == "string"
