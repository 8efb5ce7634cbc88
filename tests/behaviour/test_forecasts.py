"""What fitted forecasters do, rather than how they are made."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lstm_ops.data.contract import check_series
from lstm_ops.data.sources import load_raw
from lstm_ops.data.windows import split
from lstm_ops.evaluation.metrics import rmse
from lstm_ops.evaluation.trial import run_trial
from lstm_ops.experiment import (
    EarlyStopping,
    LstmSpec,
    RidgeSpec,
    Split,
    Training,
    Window,
    load,
)
from lstm_ops.models.adapted import Adapted
from lstm_ops.models.forecaster import ignore_epochs
from lstm_ops.models.linear import Linear
from lstm_ops.models.lstm import Lstm
from lstm_ops.models.ridge import Ridge
from lstm_ops.models.view import View


def test_a_rising_line_gets_a_rising_forecast() -> None:
    line = np.linspace(-50.0, 50.0, 60)
    parts = split(line, Split(), Window(look_back=2, horizon=3))
    trial = run_trial(Linear(), parts, "minmax", seed=0)
    np.testing.assert_allclose(trial.test_forecasts, parts.test.targets, atol=1e-9)
    assert (np.diff(trial.test_forecasts, axis=1) > 0).all()
    assert (trial.test_forecasts[:, 0] > parts.test.inputs[:, -1]).all()


def test_an_lstm_beats_persistence_on_a_clean_sine() -> None:
    sine = np.sin(np.arange(300) * 2 * np.pi / 25)
    parts = split(sine, Split(), Window(look_back=20, horizon=1, layout="steps"))
    training = Training(epochs=25, batch_size=32, learning_rate=0.01)
    lstm = Lstm(LstmSpec(kind="lstm", units=8), training, "steps")
    metrics = run_trial(lstm, parts, "none", seed=7).metrics
    assert metrics["test/skill_vs_persistence"] > 0.5


def test_fed_as_it_is_meant_to_be_an_lstm_comes_near_the_noise_floor() -> None:
    """The tutorial's series, 64 time steps, each window normalised by itself, stopped early; one
    step ahead over the whole test part with the history before it. Ridge on 512 lags is nearer."""
    recipe = load("tutorial")
    series = check_series(load_raw(recipe))
    n_train = int(len(series) * recipe.split.train_fraction)
    rows = sliding_window_view(series.values, 513)
    targets, train = rows[:, 512:], np.arange(len(rows)) + 512 < n_train
    assert series.signal is not None
    floor = rmse(targets[~train][:, 0], series.signal[n_train:])
    assert np.sum(~train) == 1650
    training = Training(
        epochs=60, batch_size=32, early_stopping=EarlyStopping(fraction=0.15, patience=5)
    )
    forecasters = {
        "ridge": Ridge(RidgeSpec(kind="ridge", alpha=1.0)),
        "lstm": Adapted(
            Lstm(LstmSpec(kind="lstm", units=16), training, "steps"), View(64, "last_scale")
        ),
    }
    over_floor = {}
    for name, forecaster in forecasters.items():
        fitted = forecaster.fit(
            rows[train][:, :512], targets[train], seed=7, on_epoch=ignore_epochs
        )
        over_floor[name] = rmse(targets[~train], fitted.predict(rows[~train][:, :512])) / floor
    assert over_floor["ridge"] < 1.06
    assert over_floor["lstm"] < 1.15
