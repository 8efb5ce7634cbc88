"""`lstm-ops serve`: a real server answers as Python does, refuses in words, and lives on."""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
from mlflow.pyfunc import PyFuncModel

from lstm_ops.cli import main
from lstm_ops.data import series as series_files
from lstm_ops.data.contract import check_series
from lstm_ops.data.sources import load_raw
from lstm_ops.stack import ports
from lstm_ops.stack.processes import wait_until
from lstm_ops.tracking import registry, runs
from lstm_ops.tracking.served.log import Served, log_model
from lstm_ops.tracking.store import Store, connect

MAIN = "from lstm_ops.cli import main; raise SystemExit(main())"
PROJECT = Path(__file__).resolve().parents[2]
ROWS = 51  # 11 that the model needs, and 40


@dataclass(frozen=True)
class Serving:
    """A running server, what the command said, and what else the same version says."""

    port: int
    said: str
    predicted: str  # by `mlflow models predict`, for the example
    model: PyFuncModel
    history: pd.DataFrame

    def post(self, body: Any, kind: str | None = "application/json") -> httpx.Response:
        """On a connection of its own: the server closes it after an error of its own."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": kind} if kind else {}
        url = f"http://127.0.0.1:{self.port}/invocations"
        return httpx.post(url, content=content, headers=headers, trust_env=False, timeout=30)

    def lives(self) -> bool:
        ping = httpx.get(f"http://127.0.0.1:{self.port}/ping", trust_env=False)
        return ping.status_code == httpx.codes.OK

    @property
    def example(self) -> Path:
        """The file of the command's line for curl."""
        (line,) = re.findall(r"^  (curl .*)$", self.said, re.MULTILINE)
        return Path(shlex.split(line)[-1].removeprefix("@"))


@pytest.fixture(scope="module")
def serving(
    tmp_path_factory: pytest.TempPathFactory,
    migrated_database: Path,
    project_folder: Path,
    trained: Callable[..., Any],
) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("serving")
    shutil.copy(migrated_database, folder / "mlflow.db")
    uri, before = f"sqlite:///{folder / 'mlflow.db'}", mlflow.get_tracking_uri()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LSTM_OPS_HOME", str(project_folder))
        environment.setenv("MLFLOW_TRACKING_URI", uri)
        environment.setenv("PYTHONPATH", f"{PROJECT / 'src'}{os.pathsep}{PROJECT}")
        try:
            history = register(connect(uri, folder / "artifacts"), trained, folder)
            yield from served(folder, history)
        finally:
            mlflow.set_tracking_uri(before)


def register(store: Store, trained: Callable[..., Any], folder: Path) -> pd.DataFrame:
    """A champion with its training's series; its newest rows."""
    fit = trained("ridge", 3, "steps", True)
    parent = runs.open_parent(store, "airline", "x", "train", runs.FlowRunLink("1"))
    run_id = runs.open_child(store, parent, "ridge", {})
    series = check_series(load_raw(fit.recipe))
    (folder / "report").mkdir()
    series_files.save(series, folder / "report" / "series.parquet")
    runs.log_folder(store, parent, folder / "report")
    errors = np.random.default_rng(3).exponential(20, (40, 3))
    recipe = fit.recipe
    form = Served("airline", "ridge", recipe.window, fit.scaling, fit.spacing, errors)
    version = registry.register(
        store, "airline", log_model(store, run_id, fit.fitted, form), run_id, "ridge"
    )
    store.client.set_registered_model_alias("airline", "champion", version)
    return series.frame[["t", "y"]].set_axis(["time", "value"], axis=1).tail(ROWS)


def served(folder: Path, history: pd.DataFrame) -> Iterator[Serving]:
    """Both commands at once, since each takes seconds; Ctrl-C ends the server, with status 0."""
    port, said, answer = ports.free_port(), folder / "said.txt", folder / "answer.json"
    (folder / "request.json").write_text(json.dumps(split(history)))
    predict = [sys.executable, "-m", "mlflow", "models", "predict", "-m"]
    predict += ["models:/airline@champion", "--env-manager", "local", "--content-type", "json"]
    predict += ["--input-path", str(folder / "request.json"), "--output-path", str(answer)]
    serve = [sys.executable, "-c", MAIN, "serve", "airline", "--port", str(port)]
    with (
        said.open("wb") as stream,
        subprocess.Popen(serve, stdout=stream, stderr=stream) as server,
        subprocess.Popen(predict, stderr=subprocess.DEVNULL) as predicting,
    ):
        try:
            assert wait_until(lambda: "Ctrl-C stops it." in said.read_text(), 60), said.read_text()
            assert predicting.wait(60) == 0
            model = mlflow.pyfunc.load_model("models:/airline@champion")
            yield Serving(port, said.read_text(), answer.read_text(), model, history)
        finally:
            server.send_signal(signal.SIGINT)
    assert server.returncode == 0
    assert ports.is_free(port)


def split(history: pd.DataFrame, **params: Any) -> dict[str, Any]:
    """A request."""
    times = [time.isoformat() for time in history["time"]]
    data = [list(row) for row in zip(times, history["value"].tolist(), strict=True)]
    return {"dataframe_split": {"columns": ["time", "value"], "data": data}, "params": params}


def agree(answer: str, expected: pd.DataFrame) -> None:
    table = pd.DataFrame(json.loads(answer)["predictions"])
    assert list(table.columns) == ["time", "forecast", "lower", "upper"]
    assert pd.to_datetime(table["time"]).tolist() == expected["time"].tolist()
    for column in ("forecast", "lower", "upper"):
        np.testing.assert_array_equal(table[column], expected[column])


def test_the_line_for_curl_gets_what_python_says_of_the_newest_rows(serving: Serving) -> None:
    assert f"curl http://127.0.0.1:{serving.port}/invocations -H" in serving.said
    body = json.loads(serving.example.read_text())
    assert len(body["dataframe_split"]["data"]) == ROWS
    agree(serving.post(body).text, serving.model.predict(serving.history, params={"horizon": 3}))


def test_server_and_mlflow_models_predict_say_what_python_does(serving: Serving) -> None:
    agree(serving.predicted, serving.model.predict(serving.history))
    params = {"horizon": 7, "level": 0.6}
    expected = serving.model.predict(serving.history, params=params)
    agree(serving.post(split(serving.history, **params)).text, expected)


def test_records_and_whole_numbers_are_taken_too(serving: Serving) -> None:
    whole = serving.history.assign(value=serving.history["value"].round())
    body = split(whole)["dataframe_split"]
    records = [{"time": time, "value": int(value)} for time, value in body["data"]]
    answer = serving.post({"dataframe_records": records})
    agree(answer.text, serving.model.predict(whole))


def test_what_it_has_no_use_for_is_dropped(serving: Serving) -> None:
    """By MLflow, which says nothing of it to the one who asked; so is a parameter that is null."""
    body = split(serving.history, horizonn=3, level=None)
    body["dataframe_split"]["columns"].append("note")
    for row in body["dataframe_split"]["data"]:
        row.append("x")
    agree(serving.post(body).text, serving.model.predict(serving.history))


def with_value(value: Any) -> Callable[[pd.DataFrame], Any]:
    """The request with that value in its last row."""

    def body(history: pd.DataFrame) -> Any:
        request = split(history)
        request["dataframe_split"]["data"][-1][1] = value
        return request

    return body


def renamed(*columns: str) -> Callable[[pd.DataFrame], Any]:
    """The request with other columns."""

    def body(history: pd.DataFrame) -> Any:
        data = [row[: len(columns)] for row in split(history)["dataframe_split"]["data"]]
        return {"dataframe_split": {"columns": columns, "data": data}}

    return body


def asking(**params: Any) -> Callable[[pd.DataFrame], Any]:
    """The request with these parameters."""
    return lambda history: split(history, **params)


REFUSED: dict[str, tuple[Callable[[pd.DataFrame], Any], str]] = {
    "no value": (renamed("time"), "Model is missing inputs ['value']"),
    "other columns": (renamed("time", "val"), "Model is missing inputs ['value']"),
    "text": (with_value("many"), "could not convert string to float: 'many'"),
    "null": (with_value(None), "value in row 51 is nan; needed: a finite number"),
    "NaN": (with_value(math.nan), "value in row 51 is nan; needed: a finite number"),
    "infinity": (with_value(math.inf), "value in row 51 is inf; needed: a finite number"),
    "too short": (lambda history: split(history.tail(10)), "has 10 rows; needed: at least 11"),
    "no rows": (lambda history: split(history.head(0)), "has 0 rows; needed: at least 11"),
    "too long": (
        lambda history: split(pd.concat([history.head(1)] * 100_001)),
        "has 100001 rows; needed: at least 11, at most 100000",
    ),
    "a gap": (lambda history: split(history.drop(history.index[20])), "every 1 months, on day 1"),
    "a time that is none": (
        lambda _: {"dataframe_split": {"columns": ["time", "value"], "data": [["soon", 1]]}},
        "Failed to convert column time",
    ),
    "horizon 0": (asking(horizon=0), "horizon is 0; needed: a whole number from 1 to 10000"),
    "horizon 2.5": (asking(horizon=2.5), "Can not safely convert `<class 'float'>`"),
    "horizon 10^9": (asking(horizon=10**9), "horizon is 1000000000; needed"),
    "horizon true": (asking(horizon=True), "Can not safely convert `<class 'bool'>`"),
    "level 1": (asking(level=1), "level is 1.0; needed: at least 0.5, below 1"),
    "broken JSON": (lambda _: b'{"dataframe_split": ', "valid JSON formatted string"),
    "a list": (lambda _: [1, 2], "Received a list"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_refuses_with_the_reason_and_lives(what: str, serving: Serving) -> None:
    body, reason = REFUSED[what]
    answer = serving.post(body(serving.history))
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert reason in answer.json()["message"]
    assert serving.lives()


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[" * 200_000, "application/json", 500),
        (b"{}", None, 500),
        (b"<history/>", "application/xml", 415),
    ],
    ids=["nested absurdly", "no content type", "XML"],
)
def test_what_mlflow_answers_before_the_model_is_asked(
    body: bytes, kind: str | None, status: int, serving: Serving
) -> None:
    """As docs/serving.md says; not ours to change, but the server must live."""
    assert serving.post(body, kind).status_code == status
    assert serving.lives()


def test_a_series_or_alias_that_is_not_there_is_the_users_fault(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    del store  # the one that MLflow's own variable names now
    assert main(["serve", "airline", "--port", str(ports.free_port()), "--alias", "next"]) == 2
    assert "there is no @next of 'airline'" in capsys.readouterr().err
    assert main(["serve", "airline", "--port", "70000"]) == 2
    assert "port 70000 does not exist" in capsys.readouterr().err


def test_where_nothing_was_trained_no_store_is_made(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del home
    monkeypatch.setenv("LSTM_OPS_HOME", str(tmp_path))
    assert main(["serve", "airline", "--port", str(ports.free_port())]) == 2
    assert "first: make run" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.db"))


def test_a_taken_port_is_told_before_anything_starts(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del home
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", "airline", "--port", str(port)]) == 1
    error = capsys.readouterr().err
    assert f"port {port}, needed for the model, is taken by pid {os.getpid()}" in error
    assert "make serve PORT=5051" in error
