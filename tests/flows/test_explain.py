"""`lstm-ops explain` on what a training left in MLflow."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlflow import MlflowClient

from flows.train import train
from lstm_ops import experiment as experiments
from lstm_ops.cli import main

pytestmark = pytest.mark.usefixtures("trained")

SMALL = {
    "forecasters": [{"kind": "lstm", "name": "memory", "units": 2}, {"kind": "linear"}],
    "training.epochs": 1,
    "training.batch_size": 32,
    "window.look_back": 3,
    "window.layout": "steps",
    "seeds": [1],
}


@pytest.fixture(scope="module")
def trained(tracked: str) -> MlflowClient:
    """A training whose champion is no LSTM."""
    assert train(experiment="airline", overrides=SMALL, return_state=True).is_completed()
    return MlflowClient(tracked)


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["explain", *arguments, "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    return said.err


def test_an_experiment_means_its_newest_lstm(
    trained: MlflowClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = explained(capsys, "airline", "--out", str(tmp_path / "out"))
    assert told["parameters"] == {**told["parameters"], "total": 35, "live": 35, "inert": 0}
    assert max(told["proof"][f"{way}_max_abs_difference"] for way in ("numpy", "unrolled")) <= 1e-6
    assert told["proof"]["twin_max_abs_difference"] is None
    assert [lag["lag"] for lag in told["memory"]["lags"]] == [1, 2, 3]
    (run,) = trained.search_runs(
        [trained.get_experiment_by_name("airline").experiment_id],
        "tags.`lstm_ops.forecaster` = 'memory' and params.seed = '1'",
    )
    assert run.info.run_id in told["source"]
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"explanation.html", "explanation.json", "memory.png", "memory.svg"} <= written
    assert json.loads((tmp_path / "out" / "explanation.json").read_text()) == told


def test_a_backtest_since_then_has_left_nothing_to_explain(
    trained: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    before = explained(capsys, "airline")["source"]
    experiment = trained.get_experiment_by_name("airline").experiment_id
    tags = {"lstm_ops.experiment": "airline", "lstm_ops.flow": "backtest"}
    piece = trained.create_run(experiment, tags=tags).info.run_id
    trained.log_param(piece, "forecaster.kind", "lstm")
    trained.set_terminated(piece)
    assert explained(capsys, "airline")["source"] == before


def test_the_flow_left_the_same_explanation_beside_the_model(
    trained: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    told = explained(capsys, "airline")
    run_id = told["source"].rpartition("(")[2].rstrip(")")
    logged = json.loads(
        Path(trained.download_artifacts(run_id, "explanation/explanation.json")).read_text()
    )
    for key in ("parameters", "variables", "window", "memory", "data"):
        assert logged[key] == told[key]
    page = Path(trained.download_artifacts(run_id, "explanation/explanation.html")).read_text()
    assert page.startswith("<!DOCTYPE html>")


def test_an_alias_that_is_no_lstm_means_the_one_of_the_same_training(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = explained(capsys, "models:/airline@champion")
    assert told["source"].startswith("models:/airline@champion is a ")
    assert "; this is the LSTM of the same training, run " in told["source"]
    assert explained(capsys, "airline")["window"] == told["window"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tutorial"], "make run EXPERIMENT=tutorial"),
        (["nobody"], "no experiment 'nobody'"),
        (["models:/airline@nobody"], "airline has the aliases @challenger, @champion"),
        (["models:/airline/99"], "airline has the aliases @challenger, @champion"),
        (["models:/nobody@champion"], "Registered models: airline"),
        (["airline", "--data", "x.csv"], "--data goes with a .keras file"),
        (["airline", "--window", "-1"], "no window -1"),
        (["nowhere.keras"], "nowhere.keras: no such file"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refused(capsys, *arguments)


def test_an_lstm_that_cannot_be_explained_is_trained_all_the_same(
    trained: MlflowClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = experiments.load("airline", SMALL).model_dump(mode="json")
    lstm = {"kind": "lstm", "difference": True, "seasonal_lags": {"season_length": 2}}
    path = tmp_path / "changes.yaml"
    path.write_text(yaml.safe_dump({**recipe, "series": "changes", "forecasters": [lstm]}))
    with told_by_tasks() as lines:
        assert train(experiment=str(path), return_state=True).is_completed()
    why = "was trained with difference and seasonal_lags"
    assert [line for line in lines if "No explanation of lstm seed 1: " in line and why in line]
    found = trained.get_experiment_by_name("changes").experiment_id
    (run,) = trained.search_runs(
        [found], "tags.`lstm_ops.forecaster` = 'lstm' and params.seed = '1'"
    )
    assert not trained.list_artifacts(run.info.run_id, "explanation")
    assert why in refused(capsys, str(path))


@contextmanager
def told_by_tasks() -> Iterator[list[str]]:
    """What tasks log, however quiet the rest of the tests is."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("prefect.task_runs")
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_a_file_with_data_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lstm_ops.models.network import load_keras

    keras = load_keras()
    network = keras.Sequential([keras.Input((2, 1)), keras.layers.LSTM(2), keras.layers.Dense(1)])
    network.save(tmp_path / "net.keras")
    (tmp_path / "sales.csv").write_text("month,sold\n" + "".join(f"m{n},{n}\n" for n in range(9)))
    arguments = [str(tmp_path / "net.keras"), "--data", str(tmp_path / "sales.csv")]
    assert "column 'sold'" in explained(capsys, *arguments)["data"]
    assert "'m0'" in refused(capsys, *arguments, "--column", "month")
    assert "sine wave" in explained(capsys, arguments[0])["data"]
    assert main(["explain", *arguments]) == 0
    assert "35 parameters" in capsys.readouterr().out
