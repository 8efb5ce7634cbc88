"""The pipeline that a competent user writes from the docs of Prefect, MLflow and Keras.

Kept for comparison only: run it in an empty folder, as `benchmarks.pipeline` does. In the project's
own, Prefect would not start the temporary server that it needs. Its last line is one JSON object:
seconds by stage.
"""
# ruff: noqa: E402 - the clock starts before the imports

import time

BEGAN = time.perf_counter()

import json
import math
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import mlflow
import mlflow.sklearn
import mlflow.tensorflow
import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray
from prefect import flow, task
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error

seconds: dict[str, float] = defaultdict(float)
seconds["imports"] = time.perf_counter() - BEGAN

Array = NDArray[np.float64]
Pairs = tuple[Array, Array]  # inputs (n, look_back) and targets (n,)

LOOK_BACK, EPOCHS, BATCH_SIZE = 1, 10, 1


@flow(log_prints=True)
def pipeline(called: float) -> None:
    """Data, then a run for each model below one for all of them."""
    seconds["server"] = time.perf_counter() - called
    mlflow.set_tracking_uri(f"sqlite:///{Path.cwd() / 'mlflow.db'}")
    mlflow.set_experiment("obvious")
    with mlflow.start_run(run_name="pipeline"):
        with stage("data"):
            train_part, test_part = window(validate(generate()))
        for kind in ("lstm", "feedforward", "linear"):
            print(kind, train(kind, train_part, test_part))


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Adds what happens inside to a stage's seconds."""
    began = time.perf_counter()
    yield
    seconds[name] += time.perf_counter() - began


@task
def generate() -> pd.DataFrame:
    """The series of *LSTM Explained*."""
    np.random.seed(7)
    x = np.linspace(2.0, 60.0, num=5000)
    noise = np.random.randn(len(x)) / 10
    waves = np.sin(x) + noise + np.sin(2 * x) / 4 + np.sin(3 * x) / 2 + np.sin(4 * x) / 2
    return pd.DataFrame({"x": x, "y": x / 60.0 * waves / 4 + x / 100.0})


@task
def validate(frame: pd.DataFrame) -> pd.DataFrame:
    """No value may be missing."""
    number = pa.Column(float, nullable=False)
    return pa.DataFrameSchema({"x": number, "y": number}, strict=True).validate(frame)


@task
def window(frame: pd.DataFrame) -> tuple[Pairs, Pairs]:
    """Windows of train and of test, cut as the tutorial cuts them."""
    values = frame["y"].to_numpy()
    n_train = int(len(values) * 0.67)
    return pairs(values[:n_train]), pairs(values[n_train:])


def pairs(values: Array) -> Pairs:
    """Each window and the value after it; the last pair is left out."""
    starts = range(len(values) - LOOK_BACK - 1)
    inputs = np.array([values[i : i + LOOK_BACK] for i in starts])
    return inputs, np.array([values[i + LOOK_BACK] for i in starts])


@task
def train(kind: str, train_part: Pairs, test_part: Pairs) -> float:
    """Fit, score, log and register one model. Its test RMSE."""
    inputs, targets = train_part
    with mlflow.start_run(run_name=kind, nested=True):
        settings = {"model": kind, "look_back": LOOK_BACK}
        mlflow.log_params({**settings, "epochs": EPOCHS, "batch_size": BATCH_SIZE})
        shaped, test_inputs = shape(kind, inputs), shape(kind, test_part[0])
        with stage("training"):
            model, losses = fit(kind, shaped, targets)
        for epoch, loss in enumerate(losses):
            mlflow.log_metric("loss", loss, step=epoch)
        with stage("predicting"):
            train_rmse = rmse(targets, predict(model, shaped))
            test_rmse = rmse(test_part[1], predict(model, test_inputs))
        mlflow.log_metrics({"train_rmse": train_rmse, "test_rmse": test_rmse})
        with stage("logging"):
            log(kind, model, shaped[:1])
    return test_rmse


def shape(kind: str, inputs: Array) -> Array:
    """An LSTM wants an axis of features."""
    return inputs[..., np.newaxis] if kind == "lstm" else inputs


def fit(kind: str, inputs: Array, targets: Array) -> tuple[Any, list[float]]:
    """A fitted model, and its losses by epoch if it has epochs."""
    if kind == "linear":
        return LinearRegression().fit(inputs, targets), []
    model = network(kind)
    model.compile(loss="mse", optimizer="adam")
    history = model.fit(inputs, targets, epochs=EPOCHS, batch_size=BATCH_SIZE, verbose=0)
    return model, history.history["loss"]


def network(kind: str) -> Any:
    """Four LSTM units, or eight plain ones."""
    layers = keras.layers
    if kind == "lstm":
        return keras.Sequential([keras.Input((1, LOOK_BACK)), layers.LSTM(4), layers.Dense(1)])
    hidden = layers.Dense(8, activation="relu")
    return keras.Sequential([keras.Input((LOOK_BACK,)), hidden, layers.Dense(1)])


def predict(model: Any, inputs: Array) -> Array:
    """A forecast for each window  # (n,)."""
    if isinstance(model, LinearRegression):
        return np.asarray(model.predict(inputs))
    return np.asarray(model.predict(inputs, verbose=0)[:, 0])


def rmse(actual: Array, forecast: Array) -> float:
    return math.sqrt(mean_squared_error(actual, forecast))


def log(kind: str, model: Any, example: Array) -> None:
    """The model with its signature, as a new version."""
    flavor: Any = mlflow.sklearn if kind == "linear" else mlflow.tensorflow
    flavor.log_model(model, name="model", input_example=example, registered_model_name=kind)


if __name__ == "__main__":
    pipeline(time.perf_counter())
    total = time.perf_counter() - BEGAN
    print(json.dumps({**seconds, "rest": total - sum(seconds.values()), "total": total}))
