"""Ridge, seasonal naive, GRU, views of a window and early stopping against their definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lstm_ops.data.series import FloatArray
from lstm_ops.errors import SeriesTooShort
from lstm_ops.experiment import (
    EarlyStopping,
    Experiment,
    FeedforwardSpec,
    GruSpec,
    LstmSpec,
    Normalisation,
    RidgeSpec,
    SeasonalNaiveSpec,
    Training,
    load,
)
from lstm_ops.models import catalog
from lstm_ops.models.adapted import Adapted
from lstm_ops.models.feedforward import Feedforward
from lstm_ops.models.forecaster import ignore_epochs
from lstm_ops.models.gru import Gru
from lstm_ops.models.linear import Linear
from lstm_ops.models.lstm import Lstm
from lstm_ops.models.ridge import Ridge
from lstm_ops.models.seasonal_naive import SeasonalNaive
from lstm_ops.models.view import View

DATA = Path(__file__).resolve().parents[2] / "data"
NORMALISATIONS: tuple[Normalisation, ...] = ("none", "last", "last_scale")


def rmse_of_last(name: str, count: int, look_back: int, forecaster: Any) -> float:
    """One step ahead over the last `count` months, each with all the history before it."""
    values = pd.read_csv(DATA / name)["Sales"].to_numpy(dtype=float)
    rows = np.lib.stride_tricks.sliding_window_view(values, look_back + 1)[-count:]
    inputs, targets = rows[:, :-1], rows[:, -1:]
    fitted = forecaster.fit(inputs, targets, seed=0, on_epoch=ignore_epochs)
    return float(np.sqrt(np.mean((fitted.predict(inputs) - targets) ** 2)))


def test_the_published_figures_of_car_sales_and_shampoo() -> None:
    """To three decimals: the median of the same month of three years, and the last value."""
    spec = SeasonalNaiveSpec(kind="seasonal_naive", season_length=12, seasons=3, statistic="median")
    seasonal = rmse_of_last("monthly-car-sales.csv", 12, 36, SeasonalNaive(spec))
    assert seasonal == pytest.approx(1841.156, abs=5e-4)
    last = SeasonalNaiveSpec(kind="seasonal_naive", season_length=1)
    assert rmse_of_last("shampoo.csv", 12, 1, SeasonalNaive(last)) == pytest.approx(
        136.761, abs=5e-4
    )


def test_seasons_go_round() -> None:
    spec = SeasonalNaiveSpec(kind="seasonal_naive", season_length=2, seasons=2)
    forecaster = SeasonalNaive(spec)
    inputs = np.array([[9.0, 1, 2, 3, 4]])  # the mean of (1, 2) and (3, 4)
    fitted = forecaster.fit(inputs, np.zeros((1, 5)), seed=0, on_epoch=ignore_epochs)
    assert fitted.predict(inputs).tolist() == [[2, 3, 2, 3, 2]]
    assert not forecaster.stochastic


@given(alpha=st.floats(0.01, 100), seed=st.integers(0, 50))
def test_ridge_is_the_closed_form(alpha: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(30, 4)), random.normal(size=(30, 2))
    ridge = Ridge(RidgeSpec(kind="ridge", alpha=alpha))
    fitted = ridge.fit(x, y, seed=0, on_epoch=ignore_epochs)
    centred, aims = x - x.mean(axis=0), y - y.mean(axis=0)
    weights = np.linalg.solve(centred.T @ centred + alpha * np.eye(4), centred.T @ aims)
    np.testing.assert_allclose(fitted.predict(x), centred @ weights + y.mean(axis=0), atol=1e-9)


def windows(seed: int = 3, n: int = 40) -> tuple[FloatArray, FloatArray]:
    values = np.random.default_rng(seed).normal(size=n + 6).cumsum()
    rows = np.lib.stride_tricks.sliding_window_view(values, 7)
    return rows[:, :6], rows[:, 6:]


@pytest.mark.parametrize("normalise", NORMALISATIONS)
def test_a_view_sees_the_last_values_only(normalise: Normalisation) -> None:
    inputs, targets = windows()
    forecaster = Adapted(Linear(), View(3, normalise))
    fitted = forecaster.fit(inputs, targets, seed=0, on_epoch=ignore_epochs)
    other = np.concatenate([1e3 + inputs[:, :3], inputs[:, 3:]], axis=1)
    np.testing.assert_array_equal(fitted.predict(inputs), fitted.predict(other))
    np.testing.assert_allclose(fitted.predict(inputs), fitted.predict(inputs[:, 3:]))
    assert fitted.parameters == 4


@pytest.mark.parametrize(
    ("normalise", "a", "b", "equal"),
    [
        ("last", 1, 50, True),
        ("last_scale", 7, 50, True),
        ("last", 7, 0, False),
        ("none", 1, 50, False),
    ],
)
def test_what_normalising_makes_a_forecast_blind_to(
    normalise: Normalisation, a: float, b: float, equal: bool
) -> None:
    """y → a y + b goes through a net that was fitted before, as through nothing."""
    inputs, targets = windows()
    training = Training(epochs=2, batch_size=8)
    net = catalog.create(LstmSpec(kind="lstm", normalise=normalise), experiment(training=training))
    fitted = net.fit(inputs, targets, seed=1, on_epoch=ignore_epochs)
    moved = fitted.predict(a * inputs + b)
    agrees = np.allclose(moved, a * fitted.predict(inputs) + b, rtol=1e-4, atol=1e-3)
    assert agrees == equal


def test_a_constant_window_is_no_trouble() -> None:
    inputs, targets = windows()
    fitted = Adapted(Linear(), View(None, "last_scale")).fit(
        inputs, targets, seed=0, on_epoch=ignore_epochs
    )
    assert np.isfinite(fitted.predict(np.full((1, 6), 3.0))).all()


def experiment(**changes: Any) -> Experiment:
    content = {"series": "s", "source": {"kind": "synthetic"}, "window": {"look_back": 6}}
    return Experiment.model_validate({**content, "forecasters": [{"kind": "lstm"}], **changes})


@pytest.mark.parametrize(
    ("forecaster", "needs"),
    [
        ({"kind": "ridge", "look_back": 7}, 7),
        ({"kind": "seasonal_naive", "season_length": 4, "seasons": 2}, 8),
    ],
)
def test_windows_too_short_for_a_forecaster_are_told(
    forecaster: dict[str, Any], needs: int
) -> None:
    with pytest.raises(ValidationError, match=f"looks back {needs} values"):
        experiment(forecasters=[forecaster])
    assert experiment(forecasters=[forecaster], window={"look_back": 8}).forecasters


@pytest.mark.usefixtures("home")
def test_a_gru_trains_alike_with_both_engines() -> None:
    inputs, targets = windows()
    spec = GruSpec(kind="gru", units=3)
    fits = [
        Gru(spec, Training(epochs=4, batch_size=8, engine=engine), "steps").fit(
            inputs, targets, seed=2, on_epoch=ignore_epochs
        )
        for engine in ("compiled", "fit")
    ]
    assert fits[0].parameters == 3 * 3 * (1 + 3 + 2) + 4  # two biases, as Keras's GRU has
    np.testing.assert_allclose(*[fit.predict(inputs) for fit in fits], atol=1e-5)


@pytest.mark.usefixtures("home")
def test_early_stopping_stops_alike_with_both_engines_and_keeps_the_best() -> None:
    inputs, targets = windows(n=80)
    stopping = EarlyStopping(fraction=0.25, patience=3)
    fits = []
    for engine in ("compiled", "fit"):
        training = Training(
            epochs=200, batch_size=8, learning_rate=0.05, engine=engine, early_stopping=stopping
        )
        forecaster = Feedforward(FeedforwardSpec(kind="feedforward", hidden=(3,)), training)
        fits.append(forecaster.fit(inputs, targets, seed=2, on_epoch=ignore_epochs))
    ours, theirs = fits
    assert 3 < len(ours.effort.losses) == len(theirs.effort.losses) < 200
    assert ours.effort.steps == len(ours.effort.losses) * 8  # 60 windows in batches of 8
    np.testing.assert_allclose(ours.predict(inputs), theirs.predict(inputs), atol=1e-3)


@pytest.mark.usefixtures("home")
def test_nothing_is_learned_from_what_says_when_to_stop() -> None:
    inputs, targets = windows(n=80)
    training = Training(epochs=3, batch_size=8, early_stopping=EarlyStopping(patience=50))
    forecaster = Feedforward(FeedforwardSpec(kind="feedforward", hidden=(3,)), training)
    other = targets.copy()
    other[-6:] += 0.01  # within the last 12 of 80, which are held out
    losses = [
        forecaster.fit(inputs, aims, seed=2, on_epoch=ignore_epochs).effort.losses
        for aims in (targets, other)
    ]
    assert losses[0] == losses[1]


@pytest.mark.usefixtures("home")
def test_too_few_windows_to_hold_any_out() -> None:
    inputs, targets = windows(n=1)
    training = Training(epochs=1, early_stopping=EarlyStopping())
    forecaster = Lstm(LstmSpec(kind="lstm"), training, "steps")
    with pytest.raises(SeriesTooShort, match="leave none to train on"):
        forecaster.fit(inputs[:1], targets[:1], seed=0, on_epoch=ignore_epochs)


def test_a_network_may_have_its_own_training() -> None:
    experiment = load("tutorial", {"training.epochs": 3})
    lstm, feedforward, *_ = experiment.forecasters
    assert isinstance(feedforward, FeedforwardSpec)
    own = feedforward.model_copy(update={"learning_rate": 0.01})

    assert catalog.training_of(own, experiment).learning_rate == 0.01
    assert catalog.training_of(own, experiment).epochs == 3
    assert catalog.training_of(lstm, experiment) == experiment.training
