"""A trial: published figures of both series to the last place, and no look ahead."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_ops.data.contract import check_series
from lstm_ops.data.series import FloatArray, Series
from lstm_ops.data.sources import load_raw
from lstm_ops.data.windows import Parts, split
from lstm_ops.evaluation.trial import Trial, noise_floor, run_trial
from lstm_ops.experiment import Experiment, ScalingKind, Split, Window, load
from lstm_ops.models.catalog import create
from lstm_ops.models.forecaster import OnEpoch
from lstm_ops.models.linear import Linear
from lstm_ops.models.persistence import FittedPersistence


def prepared(name: str, **overrides: Any) -> tuple[Experiment, Series, Parts]:
    recipe = load(name, {key.replace("__", "."): value for key, value in overrides.items()})
    series = check_series(load_raw(recipe))
    return recipe, series, split(series.values, recipe.split, recipe.window)


def trial_of(kind: str, recipe: Experiment, series: Series, parts: Parts) -> Trial:
    spec = next(spec for spec in recipe.forecasters if spec.kind == kind)
    forecaster = create(spec, recipe)
    return run_trial(forecaster, parts, recipe.scaling, seed=7, signal=series.signal)


@pytest.mark.usefixtures("home")
class TestPublishedFigures:
    """What is known of the two series from elsewhere, through the forecasters that flows use."""

    def test_tutorial(self) -> None:
        recipe, series, parts = prepared("tutorial")
        persistence = trial_of("persistence", recipe, series, parts)
        linear = trial_of("linear", recipe, series, parts)
        assert series.signal is not None
        floor = noise_floor(parts.test, series.signal)
        expected = {
            "train/rmse": (0.014197964844300, 0.014181445564444),
            "test/rmse": (0.030167568820925, 0.030142107154082),
            "test/rmse_tutorial": (0.031388772002142, 0.031363082488062),
        }
        for metric, (of_persistence, of_linear) in expected.items():
            assert persistence.metrics[metric] == pytest.approx(of_persistence, abs=1e-9)
            assert linear.metrics[metric] == pytest.approx(of_linear, abs=1e-9)
        assert floor == pytest.approx(0.021213279555608, abs=1e-9)
        assert linear.metrics["test/rmse_over_noise_floor"] == pytest.approx(
            0.030142107154082 / 0.021213279555608
        )
        assert linear.metrics["test/skill_vs_persistence"] == pytest.approx(
            1 - 0.030142107154082 / 0.030167568820925
        )
        assert persistence.metrics["test/skill_vs_persistence"] == 0
        fitted = linear.fitted
        assert fitted.weights.item() == pytest.approx(0.99546153, abs=5e-9)  # type: ignore[attr-defined]
        assert fitted.bias.item() == pytest.approx(0.00110243, abs=5e-9)  # type: ignore[attr-defined]

    @pytest.mark.parametrize(
        ("look_back", "of_persistence", "of_linear"),
        [
            (1, 48.664110514566204, 48.75735536373776),
            (3, 49.016694744100846, 44.429790495328014),
        ],
    )
    def test_airline(self, look_back: int, of_persistence: float, of_linear: float) -> None:
        given_ = prepared("airline", window__look_back=look_back)
        for kind, figure in (("persistence", of_persistence), ("linear", of_linear)):
            trial = trial_of(kind, *given_)
            assert trial.metrics["test/rmse"] == pytest.approx(figure, abs=1e-6)
            assert "test/rmse_over_noise_floor" not in trial.metrics  # nobody knows the signal

    def test_metrics_have_the_names_that_people_search_by(self) -> None:
        metrics = trial_of("linear", *prepared("tutorial")).metrics
        assert set(metrics) == {
            "validation/rmse",
            "train/rmse",
            "train/rmse_tutorial",
            "test/rmse",
            "test/rmse_tutorial",
            "test/skill_vs_persistence",
            "test/rmse_over_noise_floor",
            "fit/seconds",
            "model/parameters",
        }
        assert metrics["model/parameters"] == 2


@dataclass
class Witness:
    """A forecaster that keeps what it was shown: first for validation, then for all of train."""

    stochastic = False
    seen: list[tuple[bytes, bytes]] = field(default_factory=list)

    def fit(
        self, inputs: FloatArray, targets: FloatArray, *, seed: int, on_epoch: OnEpoch
    ) -> FittedPersistence:
        del seed, on_epoch
        self.seen.append((inputs.tobytes(), targets.tobytes()))
        return FittedPersistence(targets.shape[1])


@given(
    window=st.builds(Window, look_back=st.integers(1, 4), horizon=st.integers(1, 3)),
    kind=st.sampled_from(["none", "standardise", "minmax"]),
    position=st.integers(0, 59),
    change=st.sampled_from([-500.0, 500.0]),
)
def test_a_forecaster_is_shown_nothing_of_what_it_is_judged_by(
    window: Window, kind: ScalingKind, position: int, change: float
) -> None:
    """Scaled windows included: a scaler that saw the test part would change them all."""
    values = np.random.default_rng(1).normal(size=60).cumsum()
    parts = split(values, Split(), window)
    n_fit, n_train = len(parts.fit_values), len(parts.train_values)
    altered = values.copy()
    altered[position] += change
    before, after = Witness(), Witness()
    first = run_trial(before, parts, kind, seed=1)
    second = run_trial(after, split(altered, Split(), window), kind, seed=1)
    if position >= n_fit:
        assert after.seen[0] == before.seen[0]
    else:
        assert after.seen[0] != before.seen[0]
    if position >= n_train:
        assert after.seen[1] == before.seen[1]
        assert second.scaling == first.scaling
        for metric in ("validation/rmse", "train/rmse"):
            assert second.metrics[metric] == first.metrics[metric]


@given(position=st.integers(40, 59))
def test_a_forecast_knows_only_what_was_observed_before_it(position: int) -> None:
    values = np.random.default_rng(2).normal(size=60).cumsum()
    window = Window(look_back=3, horizon=2)
    altered = values.copy()
    altered[position] += 500
    first = run_trial(Linear(), parts := split(values, Split(), window), "minmax", seed=1)
    second = run_trial(Linear(), split(altered, Split(), window), "minmax", seed=1)
    earlier = parts.test.first_target <= position
    np.testing.assert_array_equal(first.test_forecasts[earlier], second.test_forecasts[earlier])
    np.testing.assert_array_equal(first.train_forecasts, second.train_forecasts)


@pytest.mark.parametrize("kind", ["standardise", "minmax"])
def test_least_squares_does_not_mind_scaling(kind: ScalingKind) -> None:
    """So that forecasts are known to come back in units of y."""
    values = np.random.default_rng(3).normal(size=60).cumsum() * 100 - 700
    parts = split(values, Split(), Window(look_back=2, horizon=2))
    plain = run_trial(Linear(), parts, "none", seed=1)
    scaled = run_trial(Linear(), parts, kind, seed=1)
    np.testing.assert_allclose(scaled.test_forecasts, plain.test_forecasts)
    assert scaled.metrics["validation/rmse"] == pytest.approx(plain.metrics["validation/rmse"])
