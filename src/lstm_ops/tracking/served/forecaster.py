"""The served model, format 4. This file travels inside every model version and stands alone.

It may import nothing of lstm_ops: a version must load where the package is not installed, and
after any later change of it. A change of what `recipe.json` means takes a new format number here;
versions already written keep the file that they were written with.

Input: a table of history, oldest row first, with columns `time` and `value`. Parameters: `horizon`,
how many steps ahead, and `level`, the share of outcomes that intervals should hold. Output: `time`,
`forecast`, `lower` and `upper`, one row a step.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

# 2: `normalise`, and a recipe's look_back may be the forecaster's own.
# 3: `difference` and `seasonal_lags`; look_back counts the values that go into these, too.
# 4: `level` and `calibration`: intervals. Times must be spaced as in training.
FORMAT = 4
MAX_ROWS = 100_000
MAX_HORIZON = 10_000
LEVELS = (0.5, 1.0)
LAST_YEAR = 9999  # beyond it Python has no dates
# A spread below these, times the largest of a window, is rounding: of values, and of changes.
ROUNDING = (1e-12, 1e-9)
# The same for steps between times, which somebody may have rounded; a share of the step.
TIME_ROUNDING = 1e-3
RECENT = (30, 100)  # one-step errors in the history that say how large errors are now: least, most
AT_ONCE = 128  # steps of a recursion in one compiled call, at least

Recipe = dict[str, Any]
Array = NDArray[np.float64]
# (n, look_back), or (n, own look_back, channels) behind a view, to (n, trained horizon); scaled,
# and of a network tensors.
Forecast = Callable[[Any], Any]


class ServedForecaster(PythonModel):
    """Scaling, windowing, forecaster and its past errors in one, as `recipe.json` has them."""

    def load_context(self, context: Any) -> None:
        """Check every file of the manifest, read the recipe, make a network's programs ready."""
        folder = Path(context.artifacts["forecaster"])
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        for name, digest in manifest.items():
            _check_file(folder / name, digest)
        self.recipe: Recipe = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
        if self.recipe["format"] != FORMAT:
            raise MlflowException(f"recipe format {self.recipe['format']}; this is {FORMAT}")
        forecast = FAMILIES[self.recipe["family"]](self.recipe, folder)
        self.program = _program(forecast, self.recipe)
        self.errors = _errors(self.recipe, folder)

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """History as columns `time` and `value`; `time`, `forecast`, `lower`, `upper` come back.

        Safe in several threads. Without calibration `lower` and `upper` are NaN.
        """
        del context
        given = {k: v for k, v in (params or {}).items() if v is not None}
        horizon = _check_horizon(given.get("horizon", self.recipe["horizon"]))
        level = _check_level(given.get("level", self.recipe["level"]))
        times, values = _check_history(model_input, self.recipe)
        ahead = times_after(times[-1], horizon, self.recipe["spacing"])
        with np.errstate(over="ignore", invalid="ignore"):
            forecasts, half = self._ahead(values, horizon), self._margins(values, horizon, level)
            lower, upper = forecasts - half, forecasts + half
        if not np.isfinite(upper - lower if self.errors else forecasts).all():
            raise _refused("forecasts are not finite; needed: smaller values in the history")
        return pd.DataFrame({"time": ahead, "forecast": forecasts, "lower": lower, "upper": upper})

    def _ahead(self, values: Array, horizon: int) -> Array:
        """Forecast from the last window; beyond the trained horizon, from forecasts in turn."""
        window = self._scaled(values[-self.recipe["look_back"] :])
        return self._unscaled(self.program.recursion(window, horizon))

    def _margins(self, values: Array, horizon: int, level: float) -> Array:
        """Half the width of each step's interval  # (horizon,), or NaN without calibration."""
        if not self.errors:
            return np.full(horizon, np.nan)
        return margins(self.errors, level, horizon) * self._recent_factor(values, level)

    def _recent_factor(self, values: Array, level: float) -> float:
        """How large the latest one-step errors are, beside those of calibration.

        1 where the history holds too few of them, or calibration had none but zeros.
        """
        look_back, (least, most) = self.recipe["look_back"], RECENT
        count = min(len(values) - look_back, most)
        usual = conformal(self.errors[0], level)
        if count < least or not usual > 0:
            return 1.0
        windows = sliding_window_view(values[-look_back - count : -1], look_back)
        forecasts = self._unscaled(self.program.next_values(self._scaled(windows)))
        return conformal(np.sort(np.abs(forecasts - values[-count:])), level) / usual

    def _scaled(self, values: Array) -> Array:
        scaling = self.recipe["scaling"]
        return np.asarray((values - scaling["offset"]) / scaling["scale"])

    def _unscaled(self, scaled: Array) -> Array:
        scaling = self.recipe["scaling"]
        return np.asarray(scaled * scaling["scale"] + scaling["offset"])


# Families: how the forecaster itself says what follows its windows.


def persistence(recipe: Recipe, folder: Path) -> Forecast:
    """The last value over the trained horizon."""
    del folder
    return lambda windows: np.repeat(windows[:, -1:], recipe["horizon"], axis=1)


def linear(recipe: Recipe, folder: Path) -> Forecast:
    """Least squares: weights (horizon, numbers in a window), bias (horizon,)."""
    del folder
    weights, bias = np.asarray(recipe["weights"]), np.asarray(recipe["bias"])
    return lambda windows: windows.reshape(len(windows), -1) @ weights.T + bias


def seasonal_naive(recipe: Recipe, folder: Path) -> Forecast:
    """Mean or median of the same season over the last ones, round and round."""
    del folder
    length, seasons = recipe["season_length"], recipe["seasons"]
    statistic: Any = {"mean": np.mean, "median": np.median}[recipe["statistic"]]
    ahead = np.arange(recipe["horizon"]) % length

    def forecast(windows: Array) -> Array:
        past = windows[:, -length * seasons :].reshape(-1, seasons, length)
        return np.asarray(statistic(past, axis=1)[:, ahead])

    return forecast


def network(recipe: Recipe, folder: Path) -> Forecast:
    """A Keras network in single precision; nothing in its file may run code of its own."""
    keras = _keras()
    model = keras.models.load_model(folder / recipe["network"], compile=False, safe_mode=True)
    ops, layout = keras.ops, recipe["layout"]

    def forecast(windows: Any) -> Any:
        steps, channels = windows.shape[1], math.prod(windows.shape[2:])
        shapes = {"steps": (-1, steps, channels), "features": (-1, 1, steps * channels)}
        shaped = ops.reshape(windows, shapes.get(layout, (-1, steps * channels)))
        return ops.cast(model(ops.cast(shaped, "float32"), training=False), "float64")

    return forecast


FAMILIES = {
    "persistence": persistence,
    "linear": linear,
    "keras": network,
    "seasonal_naive": seasonal_naive,
}


def viewed(forecast: Forecast, recipe: Recipe, ops: Any) -> Forecast:
    """The same for windows (n, look_back) that the forecaster sees otherwise than they are: as
    changes from value to value (`difference`), with `seasonal_lags` as channels, `normalise`d.

    `ops`: NumPy, or keras.ops, which bears the same names. Channel 0 at t is the value at t,
    channel k the one at t + 1 - k * season_length.
    """
    changes, kind = recipe.get("difference", False), recipe.get("normalise", "none")
    lags = recipe.get("seasonal_lags") or {"season_length": 1, "seasons": 0}
    shifts = [0, *(lags["season_length"] * (k + 1) - 1 for k in range(lags["seasons"]))]

    def seen(windows: Any) -> Any:
        values = windows[:, 1:] - windows[:, :-1] if changes else windows
        count = values.shape[1]
        channels = [values[:, shifts[-1] - shift : count - shift] for shift in shifts]
        offset, scale = _offset_and_scale(channels[0], kind, ROUNDING[changes], ops)
        normal = [(channel - offset) / scale for channel in channels]
        inputs = ops.stack(normal, axis=2) if len(normal) > 1 else normal[0]
        ahead = forecast(inputs) * scale + offset  # (n, horizon)
        return windows[:, -1:] + ops.cumsum(ahead, axis=1) if changes else ahead

    return seen


def _offset_and_scale(values: Any, kind: str, rounding: float, ops: Any) -> tuple[Any, Any]:
    """Of each window: the last value (`last`), and the values' sd (`last_scale`). (n, 1) both."""
    if kind == "none":
        return 0.0, 1.0
    if kind == "last":
        return values[:, -1:], 1.0
    spread = ops.std(values, axis=1, keepdims=True)
    least = rounding * ops.max(ops.abs(values), axis=1, keepdims=True)
    return values[:, -1:], ops.where(spread > least, spread, ops.ones_like(spread))


# Programs: a forecaster run step by step, or over many windows. All scaled.


def _program(forecast: Forecast, recipe: Recipe) -> "Plain | Compiled":
    if recipe["family"] == "keras":
        return Compiled(viewed(forecast, recipe, _keras().ops), recipe)
    return Plain(viewed(forecast, recipe, np), recipe)


class Plain:
    """A closed form, in NumPy."""

    def __init__(self, forecast: Forecast, recipe: Recipe) -> None:
        self.forecast = forecast
        self.horizon = recipe["horizon"]

    def recursion(self, window: Array, horizon: int) -> Array:
        """What follows (look_back,), forecasts feeding on forecasts where needed: (horizon,)."""
        look_back, steps = len(window), self.horizon
        known = np.empty(look_back + horizon + steps)
        known[:look_back] = window
        for at in range(look_back, look_back + horizon, steps):
            known[at : at + steps] = self.forecast(known[np.newaxis, at - look_back : at])[0]
        return known[look_back : look_back + horizon]

    def next_values(self, windows: Array) -> Array:
        """One step ahead of each of (n, look_back), n at most RECENT[1]: (n,)."""
        return np.asarray(self.forecast(windows)[:, 0])


class Compiled:
    """A network, by two compiled programs of fixed shapes: nothing is traced after loading."""

    def __init__(self, forecast: Forecast, recipe: Recipe) -> None:
        import tensorflow as tf

        self.tf, self.forecast = tf, forecast
        self.look_back, self.horizon = recipe["look_back"], recipe["horizon"]
        self.blocks = math.ceil(AT_ONCE / self.horizon)  # of the trained horizon, in one call
        try:
            self._compile(jit=True)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            self._compile(jit=False)  # a layer that XLA has no way to run

    def recursion(self, window: Array, horizon: int) -> Array:
        """As `Plain` does."""
        known = window
        while (missing := self.look_back + horizon - len(known)) > 0:
            blocks = min(math.ceil(missing / self.horizon), self.blocks)
            ahead = self._recursion(known[-self.look_back :], np.int32(blocks)).numpy()
            known = np.concatenate([known, ahead[: blocks * self.horizon]])
        return known[self.look_back : self.look_back + horizon]

    def next_values(self, windows: Array) -> Array:
        """As `Plain` does."""
        padded = np.zeros((RECENT[1], self.look_back))
        padded[: len(windows)] = windows
        return np.asarray(self._next_values(padded).numpy()[: len(windows)])

    def _compile(self, jit: bool) -> None:
        """And run each once, so that no request waits for a compiler."""
        tf = self.tf
        window = tf.TensorSpec((self.look_back,), tf.float64)
        windows = tf.TensorSpec((RECENT[1], self.look_back), tf.float64)
        blocks = tf.TensorSpec((), tf.int32)
        self._recursion = tf.function(self._rolled, [window, blocks], jit_compile=jit)
        self._next_values = tf.function(
            lambda seen: self.forecast(seen)[:, 0], [windows], jit_compile=jit
        )
        self.recursion(np.zeros(self.look_back), self.horizon)
        self.next_values(np.zeros((1, self.look_back)))

    def _rolled(self, window: Any, blocks: Any) -> Any:
        """The first `blocks` of self.blocks forecasts, each from the window that then is last."""
        tf = self.tf

        def step(block: Any, window: Any, said: Any) -> Any:
            ahead = self.forecast(window[tf.newaxis])  # (1, horizon)
            window = tf.concat([window, ahead[0]], axis=0)[-self.look_back :]
            return block + 1, window, tf.tensor_scatter_nd_update(said, [[block]], ahead)

        start = (0, window, tf.zeros((self.blocks, self.horizon), tf.float64))
        _, _, said = tf.while_loop(lambda block, *_: block < blocks, step, start)
        return tf.reshape(said, [-1])


def _keras() -> Any:
    """The keras module, on TensorFlow whatever a person's own settings file asks for."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    return keras


# Intervals: split conformal from stored errors (Lei et al. 2018,
# https://doi.org/10.1080/01621459.2017.1307116), wider or narrower as the latest errors are.


def margins(errors: list[Array], level: float, count: int) -> Array:
    """Half the width of an interval, one a step  # (count,).

    errors: for each calibrated step (n,), sorted. They never shrink from step to step. Steps with
    fewer than half the errors of the first count for nothing; from there on margins widen as a
    random walk's errors do.
    """
    last = sum(2 * len(step) >= len(errors[0]) for step in errors)
    known = np.maximum.accumulate([conformal(step, level) for step in errors[:last]])
    beyond = np.arange(last + 1, count + 1)
    return np.concatenate([known, known[-1] * np.sqrt(beyond / last)])[:count]


def conformal(errors: Array, level: float) -> float:
    """Of (n,) sorted: the ceil((n + 1) * level)-th, or the largest where there are too few."""
    wanted = math.ceil(round((len(errors) + 1) * level, 9))  # 100 * 0.55 is 55.000000000000007
    return float(errors[min(wanted, len(errors)) - 1])


def _errors(recipe: Recipe, folder: Path) -> list[Array]:
    """What calibration found, a sorted array a step, up to the first step without any."""
    if recipe["calibration"] is None:
        return []
    errors = np.load(folder / recipe["calibration"], allow_pickle=False)  # (m, steps)
    steps = [np.sort(column[np.isfinite(column)]) for column in errors.T]
    return steps[: next((k for k, step in enumerate(steps) if not len(step)), len(steps))]


# Times


def times_after(last: Any, count: int, spacing: Recipe) -> Any:
    """The `count` times that follow `last` at the series' even spacing."""
    unit, step = spacing["unit"], spacing["step"]
    ahead = np.arange(1, count + 1)
    if unit == "number":
        return last + step * ahead
    last = pd.Timestamp(last).to_datetime64().astype("datetime64[us]")  # ns end in 2262
    day, month = last.astype("datetime64[D]"), last.astype("datetime64[M]")
    if unit == "seconds":
        times = last + np.round(step * 1e6 * ahead).astype("timedelta64[us]")
    elif unit == "business_days":
        times = np.busday_offset(day, ahead * int(step)) + (last - day)
    else:
        months = month + ahead * int(step)
        times = months.astype("datetime64[D]") + (_day(months, spacing) - 1) + (last - day)
    if times[-1] > np.datetime64(f"{LAST_YEAR}-12-31"):
        raise _refused(f"horizon is {count}, which leads beyond the year {LAST_YEAR}; ask for less")
    return pd.DatetimeIndex(times)


def _day(months: NDArray[np.datetime64], spacing: Recipe) -> NDArray[np.int64]:
    """The day of each month on which the series has a value, from 1."""
    length = (months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")
    last: NDArray[np.int64] = length.astype(np.int64)
    return last if spacing["unit"] == "month_ends" else np.minimum(last, spacing["day"])


def misplaced(times: NDArray[Any], spacing: Recipe) -> NDArray[np.bool_]:
    """Rows that are not one step after the row before, or not on the series' days  # (n,)."""
    unit, step = spacing["unit"], spacing["step"]
    if unit in ("number", "seconds"):
        steps = np.diff(times) if unit == "number" else np.diff(times) / np.timedelta64(1, "s")
        rounding = 8 * np.spacing(np.abs(times).max()) if unit == "number" else 0.0
        return np.append(False, np.abs(steps - step) > TIME_ROUNDING * step + rounding)
    days, months = times.astype("datetime64[D]"), times.astype("datetime64[M]")
    clock = times - days
    if unit == "business_days":
        right, steps = np.is_busday(days), np.busday_count(days[:-1], days[1:])
    else:
        right = days == months.astype("datetime64[D]") + (_day(months, spacing) - 1)
        steps = np.diff(months.astype(np.int64))
    return np.asarray(~right | (clock != clock[0]) | np.append(False, steps != step))


def _in_words(spacing: Recipe) -> str:
    unit, step = spacing["unit"], f"{spacing['step']:.12g}"
    if unit == "months":
        return f"{step} months, on day {spacing['day']} or the month's last"
    return step if unit == "number" else f"{step} {unit.replace('_', ' ')}"


# Refusals: MLflow's scoring server answers 400 with these words.


def _check_file(path: Path, digest: str) -> None:
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise MlflowException(f"{path.name} is not the file that was logged: its checksum differs")


def _check_horizon(horizon: Any) -> int:
    if not isinstance(horizon, int) or not 1 <= horizon <= MAX_HORIZON:
        raise _refused(f"horizon is {horizon}; needed: a whole number from 1 to {MAX_HORIZON}")
    return int(horizon)


def _check_level(level: Any) -> float:
    if not isinstance(level, float) or not LEVELS[0] <= level < LEVELS[1]:
        raise _refused(f"level is {level}; needed: at least {LEVELS[0]:g}, below {LEVELS[1]:g}")
    return float(level)


def _check_history(history: pd.DataFrame, recipe: Recipe) -> tuple[NDArray[Any], Array]:
    """Times (n,), numbers or datetime64, and values (n,)."""
    look_back = recipe["look_back"]
    if not look_back <= len(history) <= MAX_ROWS:
        raise _refused(
            f"history has {len(history)} rows; needed: at least {look_back}, at most {MAX_ROWS}"
        )
    values = history["value"].to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        row = _first(~np.isfinite(values))
        raise _refused(f"value in row {row} is {values[row - 1]}; needed: a finite number")
    times = history["time"].to_numpy()
    _check_times(times, recipe["spacing"])
    return times, values


def _check_times(times: NDArray[Any], spacing: Recipe) -> None:
    if not np.isfinite(times).all():  # NaT is not finite either
        raise _refused(f"time in row {_first(~np.isfinite(times))} is missing; needed: a time")
    increasing = np.append(True, times[1:] > times[:-1])
    if not increasing.all():
        raise _refused(
            f"time in row {_first(~increasing)} is not after that of the row before; needed: times "
            "must increase from row to row, oldest first"
        )
    wrong = misplaced(times, spacing)
    if wrong.any():
        row = _first(wrong)
        raise _refused(
            f"time in row {row} ({times[row - 1]}) is out of step; needed: times as in training, "
            f"every {_in_words(spacing)}"
        )


def _first(wrong: NDArray[np.bool_]) -> int:
    """Its row, counted from 1."""
    return int(np.argmax(wrong)) + 1


def _refused(message: str) -> MlflowException:
    return MlflowException(message, error_code=INVALID_PARAMETER_VALUE)


set_model(ServedForecaster())
