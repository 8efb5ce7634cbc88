"""The served model, format 3. This file travels inside every model version and stands alone.

It may import nothing of lstm_ops: a version must load where the package is not installed, and
after any later change of it. A change of what `recipe.json` means takes a new format number here;
versions already written keep the file that they were written with.

Input: a table of history, oldest row first, with columns `time` and `value`. Parameter: `horizon`,
how many steps ahead. Output: `time` and `forecast`, one row a step.
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
from numpy.typing import NDArray

# 2: `normalise`, and a recipe's look_back may be the forecaster's own.
# 3: `difference` and `seasonal_lags`; look_back counts the values that go into these, too.
FORMAT = 3
MAX_ROWS = 100_000
MAX_HORIZON = 10_000
# A spread below these, times the largest of a window, is rounding: of values, and of changes.
ROUNDING = (1e-12, 1e-9)

Recipe = dict[str, Any]
Array = NDArray[np.float64]
# (1, look_back), or (1, own look_back, channels) behind seasonal lags, to (1, horizon); all scaled
Forecast = Callable[[Array], Array]


class ServedForecaster(PythonModel):
    """Scaling, windowing and forecaster in one, as `recipe.json` describes them."""

    def load_context(self, context: Any) -> None:
        """Check every file of the manifest, read the recipe, load the network if there is one."""
        folder = Path(context.artifacts["forecaster"])
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        for name, digest in manifest.items():
            _check_file(folder / name, digest)
        self.recipe = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
        if self.recipe["format"] != FORMAT:
            raise MlflowException(f"recipe format {self.recipe['format']}; this is {FORMAT}")
        forecast = FAMILIES[self.recipe["family"]](self.recipe, folder)
        for step in (normalised, with_seasonal_lags, differenced):  # the last is taken first
            forecast = step(forecast, self.recipe)
        self.forecaster = forecast

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """History as columns `time` and `value`; forecasts as columns `time` and `forecast`."""
        del context
        horizon = _check_horizon((params or {}).get("horizon", self.recipe["horizon"]))
        values = _check_history(model_input, self.recipe["look_back"])
        forecasts = self._ahead(values, horizon)
        times = times_after(model_input["time"].iloc[-1], horizon, self.recipe["spacing"])
        return pd.DataFrame({"time": times, "forecast": forecasts})

    def _ahead(self, values: Array, horizon: int) -> Array:
        """Forecast from the last window; beyond the trained horizon, from forecasts in turn."""
        offset, scale = self.recipe["scaling"]["offset"], self.recipe["scaling"]["scale"]
        look_back = self.recipe["look_back"]
        known = (values[-look_back:] - offset) / scale
        while len(known) < look_back + horizon:
            ahead = self.forecaster(known[np.newaxis, -look_back:])  # (1, trained horizon)
            known = np.concatenate([known, ahead[0]])
        return np.asarray(known[look_back : look_back + horizon] * scale + offset)


def persistence(recipe: Recipe, folder: Path) -> Forecast:
    """The last value over the trained horizon."""
    del folder
    return lambda window: np.repeat(window[:, -1:], recipe["horizon"], axis=1)


def linear(recipe: Recipe, folder: Path) -> Forecast:
    """Least squares: weights (horizon, numbers in a window), bias (horizon,)."""
    del folder
    weights, bias = np.asarray(recipe["weights"]), np.asarray(recipe["bias"])
    return lambda window: window.reshape(1, -1) @ weights.T + bias


def network(recipe: Recipe, folder: Path) -> Forecast:
    """A Keras network; nothing in its file may run code of its own."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    model = keras.models.load_model(folder / recipe["network"], compile=False, safe_mode=True)
    layout = recipe["layout"]

    def forecast(window: Array) -> Array:
        steps = window.shape[1]
        shape = {"features": (1, 1, -1), "steps": (1, steps, -1), "flat": (1, -1)}[layout]
        shaped = window.reshape(shape)
        return np.asarray(model(shaped.astype(np.float32), training=False), dtype=np.float64)

    return forecast


def seasonal_naive(recipe: Recipe, folder: Path) -> Forecast:
    """Mean or median of the same season over the last ones, round and round."""
    del folder
    length, seasons = recipe["season_length"], recipe["seasons"]
    statistic: Any = {"mean": np.mean, "median": np.median}[recipe["statistic"]]
    ahead = np.arange(recipe["horizon"]) % length

    def forecast(window: Array) -> Array:
        past = window[:, -length * seasons :].reshape(-1, seasons, length)
        return np.asarray(statistic(past, axis=1)[:, ahead])

    return forecast


FAMILIES = {
    "persistence": persistence,
    "linear": linear,
    "keras": network,
    "seasonal_naive": seasonal_naive,
}


def differenced(forecast: Forecast, recipe: Recipe) -> Forecast:
    """It sees the changes from value to value; what it forecasts is added up from the last one."""
    if not recipe.get("difference"):
        return forecast
    return lambda window: window[:, -1:] + np.cumsum(forecast(np.diff(window)), axis=1)


def with_seasonal_lags(forecast: Forecast, recipe: Recipe) -> Forecast:
    """It sees (1, own look_back, channels): the values, and what came k seasons before the next.

    Channel k at t is the value at t + 1 - k * season_length.
    """
    lags = recipe.get("seasonal_lags")
    if not lags:
        return forecast
    shifts = [0, *(lags["season_length"] * (k + 1) - 1 for k in range(lags["seasons"]))]

    def lagged(values: Array) -> Array:
        count = values.shape[1]
        channels = [values[:, shifts[-1] - shift : count - shift] for shift in shifts]
        return forecast(np.stack(channels, axis=2))

    return lagged


def normalised(forecast: Forecast, recipe: Recipe) -> Forecast:
    """Every channel less the last value (`last`), and over the values' sd (`last_scale`)."""
    kind, changes = recipe.get("normalise", "none"), recipe.get("difference", False)
    if kind == "none":
        return forecast

    def adapted(window: Array) -> Array:
        values = window.reshape(1, window.shape[1], -1)[:, :, 0]  # channel 0
        offset, scale = values[0, -1], 1.0
        if kind == "last_scale":
            least = ROUNDING[changes] * np.abs(values).max()
            spread = values.std(axis=1)[0]
            scale = spread if spread > least else 1.0
        return np.asarray(forecast((window - offset) / scale) * scale + offset)

    return adapted


def times_after(last: Any, count: int, spacing: Recipe) -> Any:
    """The `count` times that follow `last` at the series' even spacing."""
    unit, step = spacing["unit"], spacing["step"]
    ahead = np.arange(1, count + 1)
    if unit == "number":
        return last + step * ahead
    last = pd.Timestamp(last)
    if unit == "seconds":
        return last + pd.to_timedelta(ahead * step, unit="s")
    if unit == "months":
        moved = [last + pd.DateOffset(months=int(n * step)) for n in ahead]
        return pd.DatetimeIndex(
            [m.replace(day=min(spacing["day"], m.days_in_month)) for m in moved]
        )
    offset: Any = {  # of these, multiples are taken
        "month_ends": pd.tseries.offsets.MonthEnd(),
        "business_days": pd.tseries.offsets.BusinessDay(),
    }[unit]
    return pd.DatetimeIndex([last + offset * int(n * step) for n in ahead])


def _check_file(path: Path, digest: str) -> None:
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise MlflowException(f"{path.name} is not the file that was logged: its checksum differs")


def _check_horizon(horizon: float) -> int:
    if horizon != math.floor(horizon) or not 1 <= horizon <= MAX_HORIZON:
        raise _refused(f"horizon is {horizon}; needed: a whole number from 1 to {MAX_HORIZON}")
    return int(horizon)


def _check_history(history: pd.DataFrame, look_back: int) -> Array:
    if not look_back <= len(history) <= MAX_ROWS:
        raise _refused(
            f"history has {len(history)} rows; needed: at least {look_back}, at most {MAX_ROWS}"
        )
    values = history["value"].to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        raise _refused(f"value in row {int(np.argmin(np.isfinite(values))) + 1} is not finite")
    if not history["time"].is_monotonic_increasing or history["time"].duplicated().any():
        raise _refused("times must increase from row to row, oldest first")
    return values


def _refused(message: str) -> MlflowException:
    return MlflowException(message, error_code=INVALID_PARAMETER_VALUE)


set_model(ServedForecaster())
