"""The forecast flow on a temporary Prefect server and a SQLite store: rows, once, or nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient, pyfunc
from mlflow.entities import Run
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL

from flows import forecasting
from flows.forecast import forecast
from flows.store import tracking_store
from lstm_ops.errors import ChampionUnusable
from lstm_ops.tracking import champions, registry, runs
from lstm_ops.tracking.runs import FlowRunLink

PROJECT = Path(__file__).resolve().parents[2]
OLDEST = PROJECT / "tests" / "data" / "served-format-1" / "linear-airline"  # knows no intervals
STEPS = 5

# Any model that keeps to the served form may be champion; newer formats give bounds as well.
WITH_BOUNDS = """
from typing import Any
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

class Bounded(PythonModel):
    def load_context(self, context: Any) -> None:
        spacing = {"unit": "months", "step": 1, "day": 1}
        self.recipe = {"look_back": 2, "spacing": spacing}

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        last, steps, level = model_input["time"].iloc[-1], params["horizon"], params["level"]
        times, rows = pd.date_range(last, periods=steps + 1, freq="MS")[1:], float(len(model_input))
        bounds = {"forecast": rows, "lower": rows - level, "upper": rows + level}
        return pd.DataFrame({"time": times, **bounds})

set_model(Bounded())
"""

COMMAND = """
import sys
from flows.command import main
status = main("flows.forecast", "forecast", sys.argv[1:])
found = {"tensorflow", "keras"} & set(sys.modules)
sys.exit(f"imported: {found}" if found else status)
"""


def bounded(folder: Path) -> Path:
    """A model of the served form whose bounds are its forecast (how many rows it was given) less
    and plus the level."""
    code = folder / "bounded.py"
    code.write_text(WITH_BOUNDS)
    history = Schema([ColSpec(DataType.datetime, "time"), ColSpec(DataType.double, "value")])
    params = [ParamSpec("horizon", DataType.long, 1), ParamSpec("level", DataType.double, 0.5)]
    pyfunc.save_model(
        folder / "bounded",
        python_model=str(code),
        signature=ModelSignature(inputs=history, params=ParamSchema(params)),
        pip_requirements=[],
    )
    return folder / "bounded"


def register(model: Path, forecaster: str) -> str:
    """A version of airline, of a folder as it would be logged; gives its number."""
    store = tracking_store()
    parent = runs.open_parent(store, "airline", forecaster, "train", FlowRunLink(forecaster))
    experiment = store.client.get_run(parent).info.experiment_id
    logged = store.client.create_logged_model(experiment, forecaster, parent)
    store.client.log_model_artifacts(logged.model_id, str(model))
    store.client.finalize_logged_model(logged.model_id, "READY")
    return registry.register(store, "airline", logged.model_id, parent, forecaster)


def champion(version: str) -> None:
    tracking_store().client.set_registered_model_alias("airline", "champion", version)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("forecasts")


@pytest.fixture(scope="module")
def linear(tracked: str) -> str:
    """The number of a version of the oldest format."""
    del tracked
    return register(OLDEST / "model", "linear")


def run(folder: Path, **overrides: Any) -> Any:
    """The state of a flow run that writes into `folder`; `__` for the point of a path."""
    wanted = {name.replace("__", "."): value for name, value in overrides.items()}
    place = {} if "forecast.url" in wanted else {"forecast.folder": str(folder)}
    return forecast("airline", {"forecast.horizon": STEPS, **place, **wanted}, return_state=True)


def mlflow_run(state: Any) -> Run:
    client = MlflowClient()
    experiments = [e.experiment_id for e in client.search_experiments()]
    mine = f"tags.`prefect.flow_run_id` = '{state.state_details.flow_run_id}'"
    (found,) = client.search_runs(experiments, mine)
    return found


def artifacts_of(state: Any) -> dict[str, Any]:
    """Prefect's artifacts of one flow run by key."""
    mine = str(state.state_details.flow_run_id)
    with get_client(sync_client=True) as client:
        wanted = {"artifacts": {"flow_run_id": {"any_": [mine]}}}
        found = client.request("POST", "/artifacts/filter", json=wanted).json()
    return {a["key"]: a for a in found}


@pytest.fixture(scope="module")
def done(linear: str, folder: Path) -> SimpleNamespace:
    """The first forecast of the linear champion."""
    champion(linear)
    state = run(folder)
    assert state.is_completed(), state.message
    (path,) = folder.rglob("*.parquet")
    return SimpleNamespace(state=state, result=state.result(), path=path, run=mlflow_run(state))


def test_the_champions_own_forecasts_are_the_rows(done: SimpleNamespace, linear: str) -> None:
    expected = json.loads((OLDEST / "expected.json").read_text())
    rows = pd.read_parquet(done.path)
    np.testing.assert_allclose(rows["forecast"], expected["forecast"], rtol=1e-12)
    assert list(rows["step"]) == [1, 2, 3, 4, 5]
    assert list(rows["time"]) == [f"1961-0{month}-01 00:00:00" for month in range(1, 6)]
    assert rows[["lower", "upper"]].isna().all(axis=None)
    assert set(rows["cutoff"]) == {"1960-12-01 00:00:00"}
    assert set(rows["version"]) == {int(linear)}


def test_the_result_says_what_was_written_and_where(done: SimpleNamespace, linear: str) -> None:
    result = done.result
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert (result["version"], result["forecaster"]) == (linear, "linear")
    assert (result["written"], result["horizon"], result["level"]) == (STEPS, STEPS, 0.9)
    assert result["target"] == str(done.path)
    assert [row["step"] for row in result["forecasts"]] == [1, 2, 3, 4, 5]


def test_the_run_in_mlflow_shows_them(done: SimpleNamespace, linear: str) -> None:
    data = done.run.data
    assert (done.run.info.status, done.run.info.run_name) == ("FINISHED", "forecast airline")
    expected = {"version": linear, "cutoff": "1960-12-01 00:00:00", "horizon": "5", "level": "0.9"}
    assert {name: data.params.get(name) for name in expected} == expected
    assert data.tags["lstm_ops.forecaster"] == "linear"
    assert data.tags["lstm_ops.cutoff"] == "1960-12-01 00:00:00"
    assert data.tags["mlflow.note.content"] == done.result["verdict"]
    client = MlflowClient()
    table = Path(client.download_artifacts(done.run.info.run_id, "forecasts.csv"))
    assert len(table.read_text().splitlines()) == STEPS + 1
    picture = Path(client.download_artifacts(done.run.info.run_id, "figures/forecast.png"))
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_prefect_shows_table_picture_and_the_way_to_mlflow(done: SimpleNamespace) -> None:
    shown = artifacts_of(done.state)
    assert set(shown) == {"airline-forecast", "airline-forecast-figure", "airline-forecast-run"}
    picture = shown["airline-forecast-figure"]["data"]
    assert "(data:image/png;base64,iVBOR" in picture
    assert len(picture) < 500_000
    assert done.run.info.run_id in shown["airline-forecast-run"]["data"]
    assert len(json.loads(shown["airline-forecast"]["data"])) == STEPS


def test_a_second_run_writes_nothing_and_says_so(
    done: SimpleNamespace, folder: Path, linear: str
) -> None:
    champion(linear)
    before = (done.path.stat().st_mtime_ns, done.path.read_bytes())
    state = run(folder, forecast__horizon=2)
    result = state.result()
    assert (done.path.stat().st_mtime_ns, done.path.read_bytes()) == before
    assert list(folder.rglob("*.parquet")) == [done.path]
    assert (result["written"], result["horizon"]) == (0, STEPS)
    assert result["forecasts"] == done.result["forecasts"]
    assert set(artifacts_of(state)) == {"airline-forecast", "airline-forecast-run"}
    again = mlflow_run(state)
    assert again.info.status == "FINISHED"
    assert again.data.tags["mlflow.note.content"].startswith("Nothing new: ")
    assert "and 2 at 0.9 were asked for" in again.data.tags["mlflow.note.content"]


@pytest.mark.filterwarnings("ignore:(?s).*input example:UserWarning")
@pytest.mark.usefixtures("done")
def test_a_new_version_writes_its_own_rows_with_bounds_at_the_level(
    folder: Path, tmp_path: Path
) -> None:
    version = register(bounded(tmp_path), "bounded")
    champion(version)
    before = set(folder.rglob("*.parquet"))
    result = run(folder, forecast__level=0.8).result()
    assert (result["version"], result["written"]) == (version, STEPS)
    (path,) = set(folder.rglob("*.parquet")) - before
    rows = pd.read_parquet(path)
    np.testing.assert_allclose(rows["upper"] - rows["forecast"], 0.8)
    np.testing.assert_allclose(rows["forecast"] - rows["lower"], 0.8)
    assert set(rows["level"]) == {0.8}
    assert set(rows["forecast"]) == {102.0}  # the newest rows: its look_back of 2 and 100 more


@pytest.mark.usefixtures("done")
def test_the_command_writes_a_new_cutoff_into_a_table_once_and_without_tensorflow(
    linear: str, project_folder: Path, tmp_path: Path
) -> None:
    champion(linear)
    lines = (PROJECT / "data" / "airline-passengers.csv").read_text().splitlines()
    (tmp_path / "shorter.csv").write_text("\n".join(lines[:-1]))
    url, source = f"sqlite:///{tmp_path / 'kept.db'}", str(tmp_path / "shorter.csv")
    arguments = ["airline", "--json"]
    for wish in (f"source.path={source}", f"forecast.url={url}", f"forecast.horizon={STEPS}"):
        arguments += ["--set", wish]
    first = json.loads(by_command(arguments, project_folder))
    second = run(tmp_path, forecast__url=url, source__path=source).result()
    assert (first["written"], second["written"]) == (STEPS, 0)
    assert first["forecasts"] == second["forecasts"]
    assert first["target"] == f"{url}, table forecasts"
    rows = pd.read_sql("select * from forecasts order by step", url)
    assert list(rows["step"]) == [1, 2, 3, 4, 5]
    assert set(rows["cutoff"]) == {"1960-11-01 00:00:00"}
    assert not list(tmp_path.rglob("*.parquet"))


def by_command(arguments: list[str], project_folder: Path) -> str:
    """What the command prints, in a process of its own that must not import TensorFlow."""
    paths = {"PYTHONPATH": os.pathsep.join(map(str, (PROJECT / "src", PROJECT)))}
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        cwd=project_folder,
        env=os.environ | paths | {"PREFECT_API_URL": str(PREFECT_API_URL.value())},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout


def written(path: Path, times: pd.DatetimeIndex) -> str:
    rows = "".join(f"{time},{value}\n" for value, time in enumerate(times))
    path.write_text(f"Month,Passengers\n{rows}")
    return str(path)


@pytest.mark.usefixtures("done")
@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("too short", "'airline' has 2 points; version 1 (linear), its champion, looks back 3"),
        ("daily", "steps of 86400 seconds; version 1 (linear), its champion, was trained at"),
        ("nobody", "there is no @champion of 'nobody' in the registry"),
    ],
)
def test_what_the_user_can_mend_ends_as_invalid_input_and_writes_nothing(
    case: str, words: str, linear: str, tmp_path: Path
) -> None:
    champion(linear)
    short = written(tmp_path / "short.csv", pd.date_range("1960-01-01", periods=2, freq="MS"))
    daily = written(tmp_path / "daily.csv", pd.date_range("1960-01-01", periods=9, freq="D"))
    overrides = {
        "too short": {"source__path": short},
        "daily": {"source__path": daily},
        "nobody": {"series": "nobody"},
    }
    state = run(tmp_path / "kept", **overrides[case])
    assert (state.name, state.type.value) == ("InvalidInput", "FAILED")
    assert words in str(state.message)
    assert mlflow_run(state).info.status == "FAILED"
    assert not (tmp_path / "kept").exists()


@pytest.mark.usefixtures("done")
def test_a_champion_that_was_tampered_with_fails_and_writes_nothing(tmp_path: Path) -> None:
    model = shutil.copytree(OLDEST / "model", tmp_path / "model")
    recipe = model / "artifacts" / "forecaster" / "recipe.json"
    recipe.write_text(recipe.read_text().replace("213.7", "913.7"))
    champion(register(model, "tampered"))
    state = run(tmp_path / "kept")
    assert (state.name, state.type.value) == ("Failed", "FAILED")
    assert "ChampionUnusable" in str(state.message)
    assert "checksum" in str(state.message)
    assert mlflow_run(state).info.status == "FAILED"
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(("forecasts", "told"), [([1.0, np.inf], "1 of them"), ([1.0], "gave 1")])
def test_what_is_no_forecast_is_refused(forecasts: list[float], told: str) -> None:
    answer = pd.DataFrame({"time": range(len(forecasts)), "forecast": forecasts})
    version = champions.Version("airline", "3", "linear", "", "", "")
    with pytest.raises(ChampionUnusable, match=told):
        forecasting._steps(answer, 2, version)
