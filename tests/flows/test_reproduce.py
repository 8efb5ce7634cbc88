"""`lstm-ops reproduce` on runs that the flows really made: equal again, or why not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from flows.backtest import backtest
from flows.train import train
from lstm_ops import cli, project
from lstm_ops.cli.reproduce import differences

pytestmark = pytest.mark.usefixtures("unpictured")

SETTINGS = {
    "forecasters": [{"kind": "feedforward", "hidden": [2]}, {"kind": "persistence"}],
    "training.epochs": 2,
    "training.batch_size": 16,
    "seeds": [3],
    "evaluation.seeds": [3],
    "evaluation.cutoffs.number": 1,
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, project_folder: Path) -> Path:
    """A copy of the airline's file that may be changed."""
    path = tmp_path_factory.mktemp("source") / "passengers.csv"
    path.write_text((project_folder / "data" / "airline-passengers.csv").read_text())
    return path


@pytest.fixture(scope="module")
def run_ids(tracked: str, source: Path) -> dict[str, str]:
    """A run of each flow."""
    del tracked
    settings = {**SETTINGS, "source.path": str(source)}
    results = {
        "train": train(experiment="airline", overrides=settings),
        "backtest": backtest(experiment="airline", overrides=settings),
    }
    return {flow: result["mlflow"]["run_id"] for flow, result in results.items()}


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.main(["reproduce", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize("flow", ["train", "backtest"])
def test_every_metric_comes_out_again(
    run_ids: dict[str, str], flow: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = told(capsys, run_ids[flow])
    assert status == 0, out
    assert out.startswith("all ") and f"metrics of {flow} run" in out
    assert out.count("the same") == 3
    assert "again: feedforward seed 3" in err


def test_a_child_stands_for_its_parent(
    tracked: str, run_ids: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    client = MlflowClient(tracked)
    experiment = client.get_run(run_ids["train"]).info.experiment_id
    where = f"tags.`mlflow.parentRunId` = '{run_ids['train']}'"
    child = client.search_runs([experiment], where)[0]
    status, out, _ = told(capsys, child.info.run_id, "--json")
    found = json.loads(out)
    assert (status, found["run_id"], found["differences"]) == (0, run_ids["train"], [])
    assert found["metrics"] > 10


def test_where_code_versions_and_data_differ_is_told(
    tracked: str,
    run_ids: dict[str, str],
    source: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another code, another version of a package, a value at the source, a metric: each named."""
    client = MlflowClient(tracked)
    run_id = run_ids["train"]
    where = f"tags.`mlflow.parentRunId` = '{run_id}' and tags.`lstm_ops.forecaster` = 'persistence'"
    child = client.search_runs([client.get_run(run_id).info.experiment_id], where)[0]
    before = child.data.metrics["test/rmse"]
    client.log_metric(child.info.run_id, "test/rmse", before + 1e-9, step=1)
    monkeypatch.setattr(project, "code_digest", lambda: "another")
    monkeypatch.setattr(project.metadata, "version", lambda name: "0.0" if name == "numpy" else "?")
    source.write_text(source.read_text().replace(",112", ",113"))

    status, out, _ = told(capsys, run_id)
    assert status == 1
    assert out.startswith("1 of ")
    assert f"persistence: test/rmse was {before + 1e-9}, is {before}" in out
    assert "then, another now" in out
    assert "numpy: " in out and "then, 0.0 now" in out
    assert "the source gives another series today" in out


@pytest.mark.parametrize("name", ["nonsense", "0" * 32])
def test_a_run_that_is_not_there_is_refused(
    run_ids: dict[str, str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    del run_ids
    status, _, err = told(capsys, name)
    assert (status, f"there is no run '{name}'" in err) == (2, True)


def test_runs_of_others_and_runs_that_failed_are_refused(
    tracked: str, run_ids: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    client = MlflowClient(tracked)
    experiment = client.get_run(run_ids["train"]).info.experiment_id
    made: dict[str, Any] = {
        "is not of the flows train or backtest": client.create_run(experiment),
        "is RUNNING": client.create_run(experiment, tags={"lstm_ops.flow": "train"}),
    }
    for message, run in made.items():
        status, _, err = told(capsys, run.info.run_id)
        assert (status, message in err) == (2, True), err


def test_nothing_and_not_a_number_are_equal_and_any_other_bit_counts() -> None:
    then = {"a": {"x": 1.0, "y": None, "z": 0.1 + 0.2}, "gone": {"x": 1.0}}
    now = {"a": {"x": 1.0, "y": math.nan, "z": 0.3}}
    assert [(d.of, d.metric) for d in differences(then, now)] == [("a", "z"), ("gone", "x")]
