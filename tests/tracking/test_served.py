"""The served form: equal to the forecaster it was made from, without pickle, on its own feet."""

from __future__ import annotations

import json
import math
import re
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
import yaml
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel

from lstm_ops.tracking import runs
from lstm_ops.tracking.runs import FlowRunLink
from lstm_ops.tracking.served.forecaster import Compiled
from lstm_ops.tracking.served.log import CALIBRATION, CODE, FORMAT, Served, log_model
from lstm_ops.tracking.store import Store, connect

FORMATS = sorted((Path(__file__).parents[1] / "data").glob("served-format-*/*/"))
CASES = [
    ("persistence", 1, "steps"),
    ("persistence", 3, "steps"),
    ("linear", 1, "steps"),
    ("linear", 3, "steps"),
    ("lstm", 1, "features"),
    ("lstm", 3, "steps"),
    ("feedforward", 3, "steps"),
]
ADAPTED = [  # see changes with seasonal lags
    ("ridge", 3, "steps", True),
    ("lstm", 2, "steps", True),
    ("lstm", 2, "features", True),
    ("feedforward", 1, "steps", True),
]
NETWORKS = ("lstm", "feedforward")
OF_EACH_FAMILY = CASES[1::2] + CASES[-1:]
WITHOUT = ("persistence", 1, "steps")  # without calibration
COLUMNS = ["time", "forecast", "lower", "upper"]


def calibration() -> Any:
    """Errors of up to three steps ahead, of 40 origins; the last ones have no later targets."""
    errors = np.random.default_rng(3).exponential(20, (40, 3)) * [1, 2, 3]
    errors[-1, 1:] = errors[-2, 2] = np.nan
    return errors


@dataclass(frozen=True)
class Logged:
    """A forecaster, the folder of its served form, and the history to forecast from."""

    trained: Any
    folder: Path
    model: PyFuncModel

    @property
    def look_back(self) -> int:
        return int(self.trained.recipe.window.look_back)

    def expected(self, values: Any, horizon: int) -> list[float]:
        """What the Python forecaster says, fed with its own forecasts beyond its horizon."""
        scaling = self.trained.scaling
        known = list(scaling.apply(np.asarray(values, dtype=np.float64)))
        ahead: list[float] = []
        while len(ahead) < horizon:
            window = np.array([(known + ahead)[-self.look_back :]])
            ahead += list(self.trained.fitted.predict(window)[0])
        return list(scaling.invert(np.array(ahead[:horizon])))

    def expected_margins(self, values: Any, horizon: int, level: float) -> list[float]:
        """By counting, and by forecasts of the Python forecaster."""
        columns = [column[np.isfinite(column)] for column in calibration().T]
        each = [counted(column, level) for column in columns]
        margins = [max(each[: step + 1]) for step in range(len(each))]
        last = len(margins)
        margins += [margins[-1] * math.sqrt(k / last) for k in range(last + 1, horizon + 1)]
        known = self.trained.scaling.apply(np.asarray(values, dtype=np.float64))
        look_back = self.model.unwrap_python_model().recipe["look_back"]  # what it needs itself
        origins = range(max(look_back, len(known) - 100), len(known))
        if len(origins) < 30:
            return margins[:horizon]
        windows = np.array([known[origin - look_back : origin] for origin in origins])
        said = self.trained.scaling.invert(self.trained.fitted.predict(windows)[:, 0])
        missed = np.abs(said - np.asarray(values)[origins.start :])
        factor = counted(missed, level) / margins[0]
        return [margin * factor for margin in margins[:horizon]]


def counted(errors: Any, level: float) -> float:
    """The smallest error such that enough are not above it, or the largest."""
    needed = round((len(errors) + 1) * level, 9)
    return float(next((e for e in sorted(errors) if sum(errors <= e) >= needed), max(errors)))


@pytest.fixture(scope="module")
def log_served(
    tmp_path_factory: pytest.TempPathFactory,
    migrated_database: Path,
    project_folder: Path,
    trained: Callable[..., Any],
) -> Callable[..., Logged]:
    """Logs each kind once, as a flow does, and loads it from its run's store."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(migrated_database, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LSTM_OPS_HOME", str(project_folder))
        environment.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        before = mlflow.get_tracking_uri()
        store = connect(f"sqlite:///{folder / 'mlflow.db'}", folder / "artifacts")
        errors = {case: None if case == WITHOUT else calibration() for case in (*CASES, *ADAPTED)}
        made: dict[Any, Logged] = {c: _log(store, trained(*c), e) for c, e in errors.items()}
        made["steady", "noise"] = _log(store, trained(*WITHOUT), steady_errors())
        mlflow.set_tracking_uri(before)
    return lambda *case: made[case]


def _log(store: Store, trained: Any, errors: Any) -> Logged:
    name = str(trained.recipe.forecasters[0].name)
    parent = runs.open_parent(store, "airline", "x", "train", FlowRunLink("1"))
    run_id = runs.open_child(store, parent, name, {})
    recipe = trained.recipe
    served = Served("airline", name, recipe.window, trained.scaling, trained.spacing, errors)
    model_id = log_model(store, run_id, trained.fitted, served)
    location = store.client.get_logged_model(model_id).artifact_location
    model = mlflow.pyfunc.load_model(f"models:/{model_id}")
    return Logged(trained, Path(location.removeprefix("file://")), model)


def history(n: int = 30) -> pd.DataFrame:
    months = pd.date_range("1955-01-01", periods=n, freq="MS")
    values = 250 + 40 * np.sin(np.arange(n) / 3) + 3.0 * np.arange(n)
    return pd.DataFrame({"time": months, "value": values})


def ask(model: PyFuncModel, table: pd.DataFrame, **params: Any) -> pd.DataFrame:
    """A forecast, held to the signature that the version promises."""
    return model.predict(table, params=params or None)


@pytest.mark.parametrize("case", [*CASES, *ADAPTED], ids=str)
def test_it_forecasts_what_the_forecaster_does(
    case: tuple[Any, ...], log_served: Callable[..., Logged]
) -> None:
    logged, table, horizon = log_served(*case), history(), case[1]
    for asked in (None, 1, horizon, 7):
        answer = ask(logged.model, table, **({} if asked is None else {"horizon": asked}))
        count = asked or horizon
        expected = logged.expected(table["value"], count)
        np.testing.assert_allclose(answer["forecast"], expected, rtol=1e-6)
        assert list(answer.columns) == COLUMNS
        assert list(answer["time"]) == list(pd.date_range("1957-07-01", periods=count, freq="MS"))
    shortest = table.tail(logged.look_back)
    np.testing.assert_allclose(
        ask(logged.model, shortest)["forecast"], ask(logged.model, table)["forecast"]
    )


@pytest.mark.parametrize("case", ADAPTED, ids=str)
def test_it_needs_as_much_history_as_its_changes_and_lags_do(
    case: tuple[Any, ...], log_served: Callable[..., Logged]
) -> None:
    """3 inputs, 7 values before them for two seasons of four, and one for the first change."""
    model, table = log_served(*case).model, history()
    np.testing.assert_allclose(
        ask(model, table.tail(11))["forecast"], ask(model, table)["forecast"]
    )
    with pytest.raises(MlflowException, match="has 10 rows; needed: at least 11"):
        ask(model, table.tail(10))


def test_it_forecasts_in_units_of_y(log_served: Callable[..., Logged]) -> None:
    """Persistence's forecast is known without asking persistence."""
    table = history()
    answer = ask(log_served("persistence", 3, "steps").model, table)
    assert list(answer["forecast"]) == pytest.approx([table["value"].iloc[-1]] * 3)


def test_a_long_forecast_of_a_network_is_made_of_several_calls(
    log_served: Callable[..., Logged],
) -> None:
    """128 steps, in whole trained horizons, are what one call of the compiled program gives."""
    logged, table = log_served("lstm", 3, "steps"), history()
    answer = ask(logged.model, table, horizon=140)
    np.testing.assert_allclose(answer["forecast"], logged.expected(table["value"], 140), rtol=1e-6)


@pytest.mark.parametrize("rows", [30, 60, 200], ids="{} rows".format)
@pytest.mark.parametrize("case", [CASES[2], *OF_EACH_FAMILY[2:], *ADAPTED[:2]], ids=str)
def test_intervals_are_past_errors_as_large_as_the_latest(
    case: tuple[Any, ...], rows: int, log_served: Callable[..., Logged]
) -> None:
    """30 rows hold fewer than 30 windows, 200 more than the 100 that are looked at."""
    logged, table = log_served(*case), history(rows)
    for level in (0.5, 0.9, 0.99):
        answer = ask(logged.model, table, horizon=7, level=level)
        margins = logged.expected_margins(table["value"], 7, level)
        np.testing.assert_allclose(answer["upper"] - answer["forecast"], margins, rtol=1e-4)
        np.testing.assert_allclose(answer["forecast"] - answer["lower"], margins, rtol=1e-4)


def test_the_level_is_90_percent_where_nobody_asks_for_another(
    log_served: Callable[..., Logged],
) -> None:
    model, table = log_served("linear", 1, "steps").model, history()
    pd.testing.assert_frame_equal(ask(model, table), ask(model, table, level=0.9))
    assert (ask(model, table, level=0.95)["upper"] > ask(model, table)["upper"]).all()


def test_without_past_errors_there_are_no_bounds(log_served: Callable[..., Logged]) -> None:
    answer = ask(log_served(*WITHOUT).model, history(60), horizon=2)
    assert list(answer.columns) == COLUMNS
    assert answer[["lower", "upper"]].isna().all(axis=None)


STEADY = 400


def random_walk() -> Any:
    """Its steps are twice as large after `STEADY` of them."""
    steps = np.random.default_rng(11).normal(0, 1, 3 * STEADY)
    steps[STEADY:] *= 2
    return 1000 + np.cumsum(steps)


def steady_errors() -> Any:
    """Persistence's, one step ahead, while the noise is small."""
    return np.abs(np.diff(random_walk()[:STEADY]))[:, np.newaxis]


def test_intervals_hold_their_share_when_the_noise_doubles(
    log_served: Callable[..., Logged],
) -> None:
    """Of persistence on a random walk, calibrated before: without the factor 55 % are in."""
    values, model = random_walk(), log_served("steady", "noise").model.unwrap_python_model()
    months = pd.date_range("1955-01-01", periods=len(values), freq="MS")
    held = []
    for known in range(STEADY + 100, len(values)):
        table = pd.DataFrame({"time": months[:known], "value": values[:known]})
        answer = model.predict(None, table)
        held.append(answer["lower"][0] <= values[known] <= answer["upper"][0])
    assert np.mean(held) == pytest.approx(0.9, abs=0.03)


def test_only_the_newest_errors_are_kept(log_served: Callable[..., Logged]) -> None:
    (path,) = log_served("steady", "noise").folder.rglob(CALIBRATION)
    np.testing.assert_array_equal(np.load(path, allow_pickle=False), steady_errors()[-300:])


def test_requests_at_once_get_what_they_get_alone(log_served: Callable[..., Logged]) -> None:
    model = log_served("lstm", 3, "steps").model
    tables = [history(rows) for rows in range(34, 50)]
    alone = [ask(model, table, horizon=20) for table in tables]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda table: ask(model, table, horizon=20), tables))
    for one, other in zip(alone, together, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_what_xla_cannot_compile_runs_all_the_same() -> None:
    import tensorflow as tf

    def last(windows: Any) -> Any:
        said = tf.numpy_function(lambda seen: seen[:, -1:] + 1, [windows], tf.float64)
        return tf.ensure_shape(said, (None, 1))

    program = Compiled(last, {"look_back": 2, "horizon": 1})
    assert list(program.recursion(np.array([3.0, 4.0]), 3)) == [5, 6, 7]
    assert list(program.next_values(np.array([[3.0, 4.0], [0.0, 1.0]]))) == [5, 2]


PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))


@pytest.mark.parametrize(("kind", "horizon", "layout"), OF_EACH_FAMILY)
def test_no_file_of_it_is_a_pickle(
    kind: str, horizon: int, layout: str, log_served: Callable[..., Logged]
) -> None:
    folder = log_served(kind, horizon, layout).folder
    files = [path for path in folder.rglob("*") if path.is_file()]
    contents = {path.name: path.read_bytes() for path in files}
    for path in files:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                contents |= {f"{path.name}/{n}": archive.read(n) for n in archive.namelist()}
    assert ("network.keras" in contents) == (kind in NETWORKS)
    for name, content in contents.items():
        assert not name.endswith((".pkl", ".pickle", ".joblib", ".cloudpickle"))
        assert not content.startswith(PICKLES)
    about = yaml.safe_load(contents["MLmodel"])["flavors"]["python_function"]
    assert about["loader_module"] == "mlflow.pyfunc.loaders.code_model"
    assert not {"python_model", "model_path", "data"} & set(about)  # what a pickle would be under
    assert "lstm-ops" not in contents["requirements.txt"].decode()


@pytest.mark.parametrize(("kind", "horizon", "layout"), OF_EACH_FAMILY)
def test_it_needs_what_the_lock_holds_and_no_more(
    kind: str, horizon: int, layout: str, log_served: Callable[..., Logged]
) -> None:
    listed = (log_served(kind, horizon, layout).folder / "requirements.txt").read_text().split()
    packages = ["mlflow", "numpy", "pandas", *(["keras", "tensorflow"] if kind in NETWORKS else [])]
    assert [line.partition("==")[0] for line in listed] == packages
    lock = (Path(__file__).parents[2] / "requirements.lock").read_text()
    assert all(f"\n{line} " in lock for line in listed)


STANDS_ALONE = """
import json, sys
sys.modules["lstm_ops"] = sys.modules["flows"] = None  # importing them raises from here on
import mlflow.pyfunc, pandas as pd
answers = []
for folder, table, horizon in json.load(open(sys.argv[1])):
    history = pd.DataFrame(table)
    history["time"] = pd.to_datetime(history["time"])
    answer = mlflow.pyfunc.load_model(folder).predict(history, params={"horizon": horizon})
    answers.append([list(answer["forecast"]), "tensorflow" in sys.modules])
json.dump(answers, open(sys.argv[2], "w"))
"""


def test_it_loads_where_lstm_ops_is_not_installed(
    log_served: Callable[..., Logged], in_fresh_python: Callable[..., str], tmp_path: Path
) -> None:
    table = history()
    plain = {"time": table["time"].astype(str).tolist(), "value": table["value"].tolist()}
    chosen = [log_served(*case) for case in (*OF_EACH_FAMILY, *ADAPTED)]
    folders = [shutil.copytree(made.folder, tmp_path / str(i)) for i, made in enumerate(chosen)]
    for folder in folders:  # as on a machine without our sources
        about = (folder / "MLmodel").read_text()
        (folder / "MLmodel").write_text(about.replace(str(CODE), "/nowhere/forecaster.py"))
    asked, answered = tmp_path / "asked.json", tmp_path / "answered.json"
    asked.write_text(json.dumps([[str(folder), plain, 5] for folder in folders]))
    in_fresh_python(STANDS_ALONE, str(asked), str(answered), cwd=tmp_path)
    for logged, answer in zip(chosen, json.loads(answered.read_text()), strict=True):
        np.testing.assert_allclose(answer[0], logged.expected(table["value"], 5), rtol=1e-6)
    assert [answer[1] for answer in json.loads(answered.read_text())][:3] == [False, False, True]


def tampered(logged: Logged, tmp_path: Path) -> Path:
    copy = tmp_path / "model"
    shutil.copytree(logged.folder, copy)
    return copy


def test_another_network_in_its_place_is_refused(
    log_served: Callable[..., Logged], tmp_path: Path
) -> None:
    folder = tampered(log_served("lstm", 1, "features"), tmp_path)
    (other,) = log_served("feedforward", 3, "steps").folder.rglob("network.keras")
    (mine,) = folder.rglob("network.keras")
    shutil.copy(other, mine)
    with pytest.raises(MlflowException, match=r"network\.keras is not the file that was logged"):
        mlflow.pyfunc.load_model(str(folder))


@pytest.mark.parametrize(
    ("case", "change"),
    [
        (("lstm", 1, "features"), {"files": {}}),  # the network's checksum taken out
        (("linear", 1, "steps"), {"bias": [1e6]}),
        (("linear", 1, "steps"), {"format": 99}),
    ],
    ids=["checksums", "weights", "format"],
)
def test_a_recipe_that_was_tampered_with_is_refused(
    case: Any, change: dict[str, Any], log_served: Callable[..., Logged], tmp_path: Path
) -> None:
    folder = tampered(log_served(*case), tmp_path)
    (path,) = folder.rglob("recipe.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(MlflowException):
        mlflow.pyfunc.load_model(str(folder))


def with_value(row: int, value: float) -> pd.DataFrame:
    table = history()
    table.loc[row, "value"] = value
    return table


def with_time(row: int, time: object) -> pd.DataFrame:
    table = history()
    table.loc[row, "time"] = pd.Timestamp(time)  # type: ignore[arg-type]
    return table


HUGE = 1.7e308
REFUSED: dict[str, tuple[Callable[[], pd.DataFrame], dict[str, Any], str]] = {
    "NaN": (lambda: with_value(3, math.nan), {}, "value in row 4 is nan; needed: a finite number"),
    "infinity": (lambda: with_value(29, math.inf), {}, "value in row 30 is inf; needed"),
    "text": (lambda: history().astype({"value": str}), {}, "column value"),
    "too large": (
        lambda: history(60).assign(value=np.tile([-HUGE, HUGE], 30)),
        {},
        "forecasts are not finite; needed: smaller values",
    ),
    "too short": (lambda: history(3), {}, "has 3 rows; needed: at least 4"),
    "nothing": (lambda: history(0), {}, "has 0 rows"),
    "too long": (lambda: pd.concat([history(1)] * 100_001), {}, "at most 100000"),
    "horizon 0": (history, {"horizon": 0}, "horizon is 0; needed: a whole number from 1"),
    "horizon below": (history, {"horizon": -1}, "horizon is -1"),
    "horizon of a thousand million": (history, {"horizon": 10**9}, "horizon is 1000000000"),
    "half a step": (history, {"horizon": 2.5}, "Can not safely convert .* for value `2.5`"),
    "less than half": (history, {"level": 0.49}, "level is 0.49; needed: at least 0.5, below 1"),
    "everything": (history, {"level": 1}, "level is 1.0; needed: at least 0.5, below 1"),
    "no level": (history, {"level": math.nan}, "level is nan; needed"),
    "newest first": (lambda: history().iloc[::-1], {}, "row 2 is not after .* oldest first"),
    "a time twice": (lambda: history().iloc[[0, 1, 2, 2, 3]], {}, "row 4 is not after"),
    "no time": (lambda: history().assign(time=pd.NaT), {}, "time in row 1 is missing"),
    "one time missing": (lambda: with_time(7, None), {}, "time in row 8 is missing"),
    "a month left out": (
        lambda: history().drop(index=6),
        {},
        r"row 7 \(1955-08-01.*\) is out of step; needed: .*every 1 months, on day 1",
    ),
    "another day": (lambda: with_time(29, "1957-06-02"), {}, "row 30 .* is out of step"),
    "another hour": (lambda: with_time(29, "1957-06-01 01:00"), {}, "row 30 .* is out of step"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_forecast_from_is_refused_as_the_callers_fault(
    what: str, log_served: Callable[..., Logged]
) -> None:
    """MLflow's scoring server answers 400 to INVALID_PARAMETER_VALUE, 500 to anything else."""
    table, params, words = REFUSED[what]
    with pytest.raises(MlflowException, match=words) as refused:
        ask(log_served("linear", 1, "steps").model, table(), **params)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("stored", FORMATS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_versions_of_every_format_ever_written_load_and_forecast_the_same(
    stored: Path, tmp_path: Path
) -> None:
    """A promise: what was registered once is served for ever, whatever becomes of this code."""
    copy = tmp_path / stored.name  # loading may write byte code beside the model
    shutil.copytree(stored, copy)
    expected = json.loads((stored / "expected.json").read_text())
    table = pd.DataFrame(expected["history"])
    table["time"] = pd.to_datetime(table["time"])
    answer = mlflow.pyfunc.load_model(str(copy / "model")).predict(
        table, params={name: expected[name] for name in ("horizon", "level") if name in expected}
    )
    for column in sorted({"forecast", "lower", "upper"} & expected.keys()):
        np.testing.assert_allclose(answer[column], expected[column], rtol=1e-6)
    assert [str(time) for time in answer["time"]] == expected["time"]


def test_the_newest_format_is_kept_without_pickles_and_without_our_paths() -> None:
    folder = FORMATS[0].parents[0].with_name(f"served-format-{FORMAT}")
    contents = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert sum(path.name == "recipe.json" for path in contents) == 3
    for path, content in contents.items():
        assert not content.startswith(PICKLES), path
        assert not re.search(rb"/(tmp|home|root|Users)/", content), path


def test_the_first_format_is_kept() -> None:
    assert {path.name for path in FORMATS if path.parent.name == "served-format-1"} == {
        "linear-airline",
        "lstm-airline",
    }


def test_intervals_never_narrow_and_few_errors_count_for_nothing() -> None:
    """Ten errors of step one, nine smaller ones of step two, four of step three: too few."""
    from lstm_ops.tracking.served.forecaster import margins

    errors = [np.arange(1.0, 11.0), np.arange(1.0, 10.0) / 2, np.array([0.1, 0.2, 90.0, 91.0])]
    np.testing.assert_allclose(margins(errors, 0.9, 5), [10, 10, *(10 * np.sqrt([1.5, 2, 2.5]))])
    np.testing.assert_allclose(margins(errors[2:], 0.9, 2), [91, 91 * 2**0.5])  # the largest
