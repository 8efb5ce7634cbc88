"""Changes, seasonal lags and normalising: each window as seen, and the way back, by definition."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lstm_ops.data.series import FloatArray
from lstm_ops.experiment import Experiment, Normalisation, SeasonalLags
from lstm_ops.models.adapted import Adapted, FittedAdapted
from lstm_ops.models.catalog import create
from lstm_ops.models.forecaster import Fitted, ignore_epochs
from lstm_ops.models.linear import Linear
from lstm_ops.models.network import FittedNetwork
from lstm_ops.models.view import View, from_recipe

LAGS = SeasonalLags(season_length=3, seasons=2)
normalisations = st.sampled_from(["none", "last", "last_scale"])
lags = st.builds(SeasonalLags, season_length=st.integers(2, 5), seasons=st.integers(1, 3))
views = st.builds(
    View,
    look_back=st.none() | st.integers(1, 4),
    normalise=normalisations,
    difference=st.booleans(),
    seasonal_lags=st.none() | lags,
)


def cut(values: FloatArray, look_back: int, horizon: int = 1) -> tuple[FloatArray, FloatArray]:
    rows = np.lib.stride_tricks.sliding_window_view(values, look_back + horizon)
    return rows[:, :look_back], rows[:, look_back:]


def fit(view: View, inputs: FloatArray, targets: FloatArray) -> FittedAdapted:
    return Adapted(Linear(), view).fit(inputs, targets, seed=0, on_epoch=ignore_epochs)


def by_definition(window: list[float], view: View) -> list[list[float]]:
    """One window, as the documentation of the settings says, number by number."""
    x = [b - a for a, b in pairwise(window)] if view.difference else window
    m, s = (
        (view.seasonal_lags.season_length, view.seasonal_lags.seasons)
        if view.seasonal_lags
        else (2, 0)
    )
    first = len(x) - view.look_back if view.look_back else max(s * m - 1, 0)
    own = x[first:]
    offset = 0.0 if view.normalise == "none" else own[-1]
    scale = (float(np.std(own)) or 1.0) if view.normalise == "last_scale" else 1.0
    places = [[t, *(t + 1 - k * m for k in range(1, s + 1))] for t in range(first, len(x))]
    assert min(min(place) for place in places) >= 0
    return [[(x[p] - offset) / scale for p in place] for place in places]


@given(view=views, more=st.integers(0, 3), seed=st.integers(0, 999))
def test_a_window_is_seen_as_the_definition_says(view: View, more: int, seed: int) -> None:
    length = (view.look_back or 2) + view.before + more
    windows = np.random.default_rng(seed).normal(size=(2, length))
    seen = view.see(windows).inputs
    expected = np.array([by_definition(list(map(float, window)), view) for window in windows])
    assert seen.ndim == (2 if view.seasonal_lags is None else 3)
    np.testing.assert_allclose(seen.reshape(expected.shape), expected, atol=1e-9)


@given(view=views, horizon=st.integers(1, 4), seed=st.integers(0, 999))
def test_what_follows_a_window_goes_there_and_back(view: View, horizon: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    windows = random.normal(size=(3, (view.look_back or 3) + view.before))
    targets = random.normal(size=(3, horizon))
    seen = view.see(windows)
    np.testing.assert_allclose(seen.forecasts(seen.aims(targets)), targets, atol=1e-9)
    # The aims are what a plain view of the same kind sees of the values that follow.
    plain = View(horizon, "none", view.difference).see(np.column_stack([windows, targets])).inputs
    np.testing.assert_allclose(seen.aims(targets), (plain - seen.offset) / seen.scale)


@given(view=views, more=st.integers(0, 3))
def test_a_recipe_brings_the_view_back(view: View, more: int) -> None:
    look_back = (view.look_back or 1) + view.before + more
    windows = np.random.default_rng(more).normal(size=(2, look_back))
    again = from_recipe({"look_back": look_back, **view.as_recipe()})
    np.testing.assert_array_equal(again.see(windows).inputs, view.see(windows).inputs)
    assert from_recipe({"look_back": 3}) == View(3)  # of format 1


@given(
    normalise=normalisations, slope=st.floats(-9, 9), level=st.floats(-99, 99), at=st.floats(0, 1e3)
)
def test_on_a_line_differences_go_on_along_it(
    normalise: Normalisation, slope: float, level: float, at: float
) -> None:
    inputs, targets = cut(level + slope * np.arange(30.0), 5, horizon=4)
    fitted = fit(View(3, normalise, difference=True), inputs, targets)
    later = level + slope * (at + np.arange(9.0))
    np.testing.assert_allclose(fitted.predict(later[np.newaxis, :5])[0], later[5:], atol=1e-6)


@given(normalise=normalisations, shift=st.floats(-1e3, 1e3), lagged=st.booleans())
def test_a_constant_on_all_of_history_is_a_constant_on_differenced_forecasts(
    normalise: Normalisation, shift: float, lagged: bool
) -> None:
    values = np.random.default_rng(5).normal(size=60).cumsum()
    view = View(3, normalise, difference=True, seasonal_lags=LAGS if lagged else None)
    here, there = (fit(view, *cut(v, 9, horizon=3)) for v in (values, values + shift))
    inputs, _ = cut(values, 9)
    np.testing.assert_allclose(there.predict(inputs + shift), here.predict(inputs) + shift)


@given(season_length=st.integers(3, 7), difference=st.booleans(), seed=st.integers(0, 99))
def test_with_seasonal_lags_a_line_repeats_what_only_repeats(
    season_length: int, difference: bool, seed: int
) -> None:
    """The last value alone does not tell the next one; the season before it does."""
    season = np.random.default_rng(seed).permutation(np.arange(float(season_length)))
    inputs, targets = cut(np.tile(season, 9), season_length + 1)
    lags = SeasonalLags(season_length=season_length)
    with_lags = fit(View(1, "none", difference, lags), inputs, targets)
    np.testing.assert_allclose(with_lags.predict(inputs), targets, atol=1e-9)
    without = fit(View(1, "none", difference), inputs, targets)
    assert np.abs(without.predict(inputs) - targets).max() > 0.1


def experiment(window: int, layout: str = "steps", **forecaster: Any) -> Experiment:
    return Experiment.model_validate(
        {
            "series": "s",
            "source": {"kind": "synthetic"},
            "window": {"look_back": window, "horizon": 2, "layout": layout},
            "training": {"epochs": 1, "batch_size": 16},
            "forecasters": [forecaster],
        }
    )


@pytest.mark.parametrize(
    ("chosen", "needs"),
    [
        ({"difference": True}, 2),
        ({"look_back": 3, "difference": True}, 4),
        ({"seasonal_lags": {"season_length": 5}}, 5),
        ({"look_back": 3, "seasonal_lags": {"season_length": 4, "seasons": 2}}, 10),
        ({"look_back": 3, "difference": True, "seasonal_lags": {"season_length": 4}}, 7),
    ],
)
def test_a_window_that_is_too_short_is_refused_and_the_next_longer_one_fits(
    chosen: dict[str, Any], needs: int
) -> None:
    with pytest.raises(ValidationError, match=f"looks back {needs} values and window.look_back is"):
        experiment(needs - 1, kind="linear", **chosen)
    inputs, targets = cut(np.random.default_rng(1).normal(size=50), needs, horizon=2)
    recipe = experiment(needs, kind="linear", **chosen)
    fitted = create(recipe.forecasters[0], recipe).fit(
        inputs, targets, seed=0, on_epoch=ignore_epochs
    )
    numbers = chosen.get("look_back", 1) * (
        1 + chosen.get("seasonal_lags", {"seasons": 0}).get("seasons", 1)
    )
    assert fitted.parameters == 2 * (numbers + 1)


@pytest.mark.parametrize(
    ("lags", "words"),
    [
        ({}, "season_length"),
        ({"season_length": 1}, "greater than or equal to 2"),
        ({"season_length": 3, "seasons": 0}, "greater than or equal to 1"),
        ({"season_length": 3, "lags": 2}, "Extra inputs are not permitted"),
    ],
)
def test_seasonal_lags_that_mean_nothing_are_refused(lags: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        experiment(20, kind="ridge", seasonal_lags=lags)


NOTHING = {"difference": False, "seasonal_lags": None, "normalise": "none"}
CHOICES = {
    "difference": {"difference": True},
    "seasonal_lags": {"seasonal_lags": {"season_length": 3, "seasons": 2}},
    "both": {
        "difference": True,
        "seasonal_lags": {"season_length": 3, "seasons": 2},
        "normalise": "last_scale",
    },
}


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("chosen", CHOICES)
@pytest.mark.parametrize(
    ("kind", "layout"),
    [
        ("lstm", "steps"),
        ("lstm", "features"),
        ("gru", "steps"),
        ("feedforward", "steps"),
        ("linear", "steps"),
        ("ridge", "steps"),
    ],
)
def test_every_family_takes_every_choice(kind: str, layout: str, chosen: str) -> None:
    recipe = experiment(12, layout, kind=kind, look_back=4, **CHOICES[chosen])
    inputs, targets = cut(np.sin(np.arange(60.0)), 12, horizon=2)
    forecaster = create(recipe.forecasters[0], recipe)
    forecaster.prepare(inputs, targets)
    fitted: Fitted = forecaster.fit(inputs, targets, seed=1, on_epoch=ignore_epochs)
    forecasts = fitted.predict(inputs)
    assert forecasts.shape == targets.shape
    assert np.isfinite(forecasts).all()
    assert isinstance(fitted, FittedAdapted)
    before = {"difference": 1, "seasonal_lags": 5, "both": 6}[chosen]
    assert fitted.view.as_recipe() == {**NOTHING, **CHOICES[chosen], "look_back": 4 + before}
    if isinstance(fitted.inner, FittedNetwork):
        channels = 1 if chosen == "difference" else 3
        shapes = {"steps": (4, channels), "features": (1, 4 * channels), "flat": (4 * channels,)}
        shape = shapes["flat" if kind == "feedforward" else layout]
        assert fitted.inner.network.input_shape == (None, *shape)
