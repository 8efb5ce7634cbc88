"""What fitted forecasters do, rather than how they are made."""

from __future__ import annotations

import numpy as np

from lstm_ops.data.windows import split
from lstm_ops.evaluation.trial import run_trial
from lstm_ops.experiment import LstmSpec, Split, Training, Window
from lstm_ops.models.linear import Linear
from lstm_ops.models.lstm import Lstm


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
