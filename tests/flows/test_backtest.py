"""The backtest flow on a temporary server and a SQLite store: what it leaves and finds again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from mlflow import MlflowClient
from mlflow.entities import Run
from prefect.client.orchestration import get_client
from prefect.task_runners import ThreadPoolTaskRunner

from flows.backtest import backtest
from flows.store import tracking_store
from lstm_ops import project
from lstm_ops.data import series as series_files
from lstm_ops.evaluation.backtest import Forecasts, Piece
from lstm_ops.tracking import pieces

FLOW = sys.modules["flows.backtest"]  # the module; `flows.backtest.backtest` is the flow
SMALL = {
    "forecasters": [
        {"kind": "feedforward", "hidden": [2]},
        {"kind": "linear"},
        {"kind": "persistence"},
    ],
    "training.epochs": 2,
    "training.batch_size": 16,
    "evaluation.seeds": [1, 2],
    "evaluation.cutoffs.number": 2,
    "evaluation.horizon": 3,
}
PIECES = {
    f"{who} at {cutoff}"
    for who in ("feedforward seed 1", "feedforward seed 2", "linear", "persistence")
    for cutoff in (96, 119)
}
CLOSED = {"forecasters": [{"kind": "linear"}, {"kind": "persistence"}]}
LINEAR = {
    **CLOSED,
    "evaluation.cutoffs.number": 2,
}


@pytest.fixture(scope="module")
def client(tracked: str) -> MlflowClient:
    return MlflowClient(tracked)


def runs(client: MlflowClient, where: str) -> list[Run]:
    experiments = [e.experiment_id for e in client.search_experiments()]
    return list(client.search_runs(experiments, where))


def parent_of(client: MlflowClient, state: Any) -> Run:
    found = runs(client, f"tags.`prefect.flow_run_id` = '{state.state_details.flow_run_id}'")
    (parent,) = [run for run in found if "mlflow.parentRunId" not in run.data.tags]
    return parent


def children(client: MlflowClient, parent: Run) -> dict[str, Run]:
    found = runs(client, f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    return {str(run.info.run_name): run for run in found}


@pytest.fixture(scope="module")
def done(client: MlflowClient) -> SimpleNamespace:
    """One backtest that ends well: a network with two seeds, closed forms, two cutoffs."""
    state = backtest(experiment="airline", overrides=SMALL, return_state=True)
    assert state.is_completed(), state.message
    parent = parent_of(client, state)
    return SimpleNamespace(
        state=state, result=state.result(), parent=parent, children=children(client, parent)
    )


def test_a_child_for_each_forecaster_seed_and_cutoff_and_no_model(
    done: SimpleNamespace, client: MlflowClient
) -> None:
    assert done.parent.info.status == "FINISHED"
    assert set(done.children) == PIECES
    for name, run in done.children.items():
        tags, params = run.data.tags, run.data.params
        assert run.info.status == "FINISHED"
        assert tags["lstm_ops.flow"] == "backtest"
        assert tags["lstm_ops.cutoff"][:7] == ("1956-12" if name.endswith("96") else "1958-11")
        assert len(tags["lstm_ops.piece"]) == 32
        assert (params["evaluation.horizon"], params["window.look_back"]) == ("3", "1")
        assert {"backtest/rmse", "backtest/coverage", "fit/seconds"} <= set(run.data.metrics)
        assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["forecasts.npz"]
    assert client.search_logged_models([done.parent.info.experiment_id]) == []


def test_the_result_has_what_people_script_against(done: SimpleNamespace) -> None:
    result = json.loads(json.dumps(done.result, allow_nan=False))
    row = result["scores"][0]
    assert {
        "forecaster",
        "seed",
        "cutoff",
        "horizon",
        "rmse",
        "mae",
        "mase",
        "smape",
        "coverage",
    } <= set(row)
    assert len(result["scores"]) == 4 * 2 * 3
    assert [s["forecaster"] for s in result["summary"]] == sorted(
        ["feedforward", "linear", "persistence"],
        key=lambda name: next(s["rmse"] for s in result["summary"] if s["forecaster"] == name),
    )
    pairs = {(c["a"], c["b"]): c for c in result["comparisons"]}
    assert set(pairs) == {
        ("linear", "persistence"), ("feedforward", "persistence"), ("feedforward", "linear"),
    }  # fmt: skip
    for comparison in pairs.values():
        assert comparison["verdict"] in ("better", "worse", "not distinguishable")
        assert len(comparison["interval"]) == 2
        assert {"difference", "p", "p_adjusted"} <= set(comparison)
    assert result["verdict"].endswith(".")


def test_the_parent_shows_and_brings_back_everything(
    done: SimpleNamespace, client: MlflowClient
) -> None:
    run_id = done.parent.info.run_id
    found = {f.path for f in client.list_artifacts(run_id)}
    assert {
        "scores.json", "scores.csv", "summary.json", "comparisons.json", "backtest.json",
        "experiment.yaml", "series.parquet", "requirements.lock", "comparison.html", "figures",
    } <= found  # fmt: skip
    experiment = yaml.safe_load(
        Path(client.download_artifacts(run_id, "experiment.yaml")).read_text()
    )
    assert experiment["evaluation"]["seeds"] == [1, 2]
    series = series_files.read(Path(client.download_artifacts(run_id, "series.parquet")))
    assert series.digest() == done.parent.data.tags["lstm_ops.data_digest"]
    best = done.result["summary"][0]
    assert done.parent.data.metrics["backtest/rmse"] == best["rmse"]
    assert done.result["verdict"] in done.parent.data.tags["mlflow.note.content"]


def test_prefect_shows_progress_scores_comparisons_and_the_verdict(done: SimpleNamespace) -> None:
    with get_client(sync_client=True) as api:
        found = {a["key"]: a for a in api.request("POST", "/artifacts/filter", json={}).json()}
    assert found["airline-progress"]["data"] == 100
    assert done.result["verdict"] in found["airline-backtest-verdict"]["data"]
    assert {"airline-backtest-scores", "airline-comparisons", "airline-backtest-run"} <= set(found)


@pytest.mark.usefixtures("unpictured")
def test_what_is_done_is_not_done_again(
    done: SimpleNamespace, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is kept while nothing changes; another seed adds its own pieces only."""
    fitted: list[str] = []
    run_piece = FLOW.steps.backtest.run_piece

    def counting(piece: Piece, *arguments: Any) -> Forecasts:
        fitted.append(str(piece))
        return run_piece(piece, *arguments)

    monkeypatch.setattr(FLOW.steps.backtest, "run_piece", counting)
    again = backtest(experiment="airline", overrides=SMALL, return_state=True)
    assert fitted == []
    assert again.result()["scores"] == done.result["scores"]
    assert again.result()["comparisons"] == done.result["comparisons"]
    parent = parent_of(client, again)
    counts = {name: parent.data.metrics[f"backtest/{name}"] for name in ("pieces", "pieces_kept")}
    assert counts == {"pieces": 8, "pieces_kept": 8}
    assert children(client, parent) == {}

    more = {**SMALL, "evaluation.seeds": [1, 2, 3], "evaluation.confidence": 0.9}
    backtest(experiment="airline", overrides=more)
    assert sorted(fitted) == ["feedforward seed 3 at 119", "feedforward seed 3 at 96"]

    counts = []
    for change, fresh in (({}, False), ({"scaling": "none"}, False), ({}, False), ({}, True)):
        fitted.clear()
        backtest(experiment="airline", overrides={**LINEAR, **change}, fresh=fresh)
        counts.append(len(fitted))
    assert counts == [4, 4, 0, 4]
    # What was fitted anew is what later backtests take, and what is gone is fitted again.
    newest = {
        run.data.tags["lstm_ops.piece"]: run.info.run_id
        for run in reversed(runs(client, "tags.`lstm_ops.piece` != ''"))
    }
    digest = done.parent.data.tags["lstm_ops.data_digest"]  # the series is the same
    found = pieces.done(tracking_store(), "airline", digest, project.code_digest())
    assert found == newest
    fitted.clear()
    gone = next(
        run.info.run_id
        for run in map(client.get_run, newest.values())
        if run.info.run_name == "linear at 96"
        and run.data.params["evaluation.horizon"] == "None"
        and run.data.params["scaling"] == "minmax"
    )
    client._tracking_client._get_artifact_repo(gone).delete_artifacts("forecasts.npz")
    backtest(experiment="airline", overrides=LINEAR)
    assert len(fitted) == 1


@pytest.mark.usefixtures("unpictured")
def test_no_password_of_a_recipe_reaches_prefect(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, project_folder: Path
) -> None:
    del client
    recipe = yaml.safe_load((project_folder / "experiments" / "airline.yaml").read_text())
    recipe["evaluation"] = {"runner": {"kind": "dask", "address": "tcp://u:SECRET@127.0.0.1:1"}}
    (tmp_path / "secretive.yaml").write_text(yaml.safe_dump({**recipe, **CLOSED}))
    monkeypatch.setattr(FLOW.steps, "require_answer", lambda _: None)
    monkeypatch.setattr(FLOW, "task_runner", lambda _: ThreadPoolTaskRunner(max_workers=1))
    state = backtest(experiment=str(tmp_path / "secretive.yaml"), return_state=True)
    assert state.is_completed(), state.message
    with get_client(sync_client=True) as api:
        for what in ("flow_runs", "task_runs", "artifacts", "logs"):
            assert "SECRET" not in api.request("POST", f"/{what}/filter", json={}).text, what


@pytest.mark.usefixtures("unpictured")
def test_a_piece_that_failed_is_tried_again_alone(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    run_piece = FLOW.steps.backtest.run_piece

    def failing_once(piece: Piece, *arguments: Any) -> Forecasts:
        tried.append(str(piece))
        if tried.count("linear at 96") == 1 and str(piece) == "linear at 96":
            raise MemoryError("planted")
        return run_piece(piece, *arguments)

    monkeypatch.setattr(FLOW.steps.backtest, "run_piece", failing_once)
    state = backtest(experiment="airline", overrides=LINEAR, fresh=True, return_state=True)
    assert state.is_completed()
    assert sorted(tried) == [
        "linear at 120", "linear at 96", "linear at 96", "persistence at 120", "persistence at 96",
    ]  # fmt: skip
    assert len(children(client, parent_of(client, state))) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"evaluation.cutoffs.number": 100}, "100 cutoffs need at least 100"),
        ({"evaluation.horizon": 60}, "a horizon of 60 needs as many"),
        ({"evaluation.season_length": 96}, "more than a season"),
        (
            {"evaluation.runner": {"kind": "dask", "address": "tcp://127.0.0.1:1"}},
            "no Dask scheduler answers at tcp://127.0.0.1:1",
        ),
    ],
)
def test_bad_input_is_refused_before_anything_is_fitted(
    client: MlflowClient, change: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.runners.SECONDS_TO_ANSWER", 1)
    state = backtest(experiment="airline", overrides={**LINEAR, **change}, return_state=True)
    assert (state.name, message in state.message) == ("InvalidInput", True), state.message
    parent = parent_of(client, state)
    assert parent.info.status == "FAILED"
    assert message in parent.data.tags["lstm_ops.error"]
    assert children(client, parent) == {}
