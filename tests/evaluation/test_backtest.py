"""Backtests look only backwards and agree with loops written from the definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_ops.data.contract import check_series
from lstm_ops.data.series import FloatArray
from lstm_ops.data.sources import load_raw
from lstm_ops.evaluation import backtest, origins
from lstm_ops.evaluation.backtest import Forecasts
from lstm_ops.evaluation.conformal import adaptive_margins, split_margin
from lstm_ops.evaluation.outcome import judge
from lstm_ops.evaluation.rolling import targets_of
from lstm_ops.experiment import Experiment, load
from lstm_ops.experiment.files import build

EVERY_KIND = [
    {"kind": "persistence"},
    {"kind": "seasonal_naive", "season_length": 3},
    {"kind": "linear"},
    {"kind": "ridge", "normalise": "last_scale"},
    {"kind": "feedforward", "hidden": [3], "normalise": "last"},
    {"kind": "lstm", "units": 2},
]


def recipe(forecasters: list[dict[str, Any]], **evaluation: Any) -> Experiment:
    content = {
        "series": "walk",
        "source": {"kind": "synthetic"},
        "window": {"look_back": 4},
        "scaling": "standardise",
        "forecasters": forecasters,
        "training": {
            "epochs": 3,
            "batch_size": 8,
            "early_stopping": {"fraction": 0.2, "patience": 1},
        },
        "evaluation": {"cutoffs": {"number": 2, "first": 60}, **evaluation},
    }
    return build(content, {}, "tests")


def walk(seed: int = 0, n: int = 90) -> FloatArray:
    return np.cumsum(np.random.default_rng(seed).standard_normal(n))


def run(values: FloatArray, asked: Experiment) -> list[Forecasts]:
    plan = origins.plan(len(values), asked)
    return [backtest.run_piece(piece, values, asked) for piece in backtest.pieces(plan, asked)]


@settings(max_examples=2)
@given(changed=st.integers(66, 89), by=st.floats(1, 1e6))
def test_later_values_move_no_fit_scaling_interval_or_forecast_before_them(
    changed: int, by: float
) -> None:
    """Every family, with early stopping: the choice of epochs is a fit, too."""
    asked = recipe(EVERY_KIND, horizon=2)
    values = walk()
    other = values.copy()
    other[changed:] += by * np.arange(1, len(values) - changed + 1)
    plan = origins.plan(len(values), asked)
    for piece in backtest.pieces(plan, asked)[::2]:  # the fits at the first cutoff
        before, after = (backtest.run_piece(piece, v, asked) for v in (values, other))
        seen = before.origins <= changed
        np.testing.assert_array_equal(before.forecasts[seen], after.forecasts[seen])
        np.testing.assert_array_equal(before.split, after.split)
        # A margin knows the errors of forecasts whose targets have come.
        np.testing.assert_array_equal(before.adaptive[seen], after.adaptive[seen])


def test_one_step_ahead_it_is_the_plain_loop() -> None:
    """scikit-learn's own least squares, fitted and rolled by hand."""
    from sklearn.linear_model import LinearRegression

    values, asked = walk(1), recipe([{"kind": "linear"}])
    for result, cutoff in zip(run(values, asked), (60, 75), strict=True):
        seen = values[:cutoff]
        rows = np.array([seen[i : i + 5] for i in range(len(seen) - 4)])
        model = LinearRegression().fit(rows[:, :4], rows[:, 4])
        ahead = [model.predict(values[o - 4 : o][None])[0] for o in result.origins]
        np.testing.assert_allclose(result.forecasts[:, 0], ahead)


def test_recursive_forecasts_feed_on_themselves_and_direct_ones_do_not() -> None:
    values = walk(2)
    recursive = run(values, recipe([{"kind": "linear"}], horizon=3))[0]
    direct = run(values, recipe([{"kind": "linear"}], horizon=3, strategy="direct"))[0]
    one_step = run(values, recipe([{"kind": "linear"}]))[0]
    rows = len(direct.origins)
    np.testing.assert_allclose(recursive.forecasts[:, 0], one_step.forecasts[:rows, 0])
    np.testing.assert_allclose(direct.forecasts[:, 0], one_step.forecasts[:rows, 0], rtol=0.3)
    assert not np.allclose(recursive.forecasts[:, 2], direct.forecasts[:, 2])
    # By hand: the second step of the recursion sees the first as if it had happened.
    origin = int(recursive.origins[0])
    pretended = values.copy()
    pretended[origin] = recursive.forecasts[0, 0]
    again = run(pretended, recipe([{"kind": "linear"}]))[0]
    np.testing.assert_allclose(again.forecasts[1, 0], recursive.forecasts[0, 1])


def test_with_refits_between_cutoffs_newer_history_meets_the_older_fit() -> None:
    values = walk(3)
    cutoffs = {"number": 3, "first": 60, "refit_every": 3}
    (once,) = run(values, recipe([{"kind": "ridge"}], cutoffs=cutoffs))
    (alone,) = run(values, recipe([{"kind": "ridge"}], cutoffs={"number": 1, "first": 60}))
    np.testing.assert_array_equal(once.forecasts, alone.forecasts)


def test_forecasts_survive_being_saved(tmp_path: Path) -> None:
    (result, _) = run(walk(4), recipe([{"kind": "persistence"}], horizon=2))
    backtest.save(result, tmp_path / "piece.npz")
    again = backtest.read(tmp_path / "piece.npz")
    for name in ("origins", "forecasts", "adaptive", "split"):
        np.testing.assert_array_equal(getattr(again, name), getattr(result, name))
    assert again.seconds == result.seconds


def test_a_split_margin_is_the_quantile_of_the_theorem() -> None:
    """Of 19 errors the 18th smallest at 90 %: ceil(20 · 0.9). Of 5 the largest: 6 · 0.9 > 5."""
    errors = np.arange(1.0, 20)[:, None]
    assert split_margin(errors, 0.9).tolist() == [18]
    assert split_margin(errors[:5], 0.9).tolist() == [5]


def test_split_intervals_cover_where_nothing_changes_and_adaptive_ones_where_it_does() -> None:
    rng, one = np.random.default_rng(0), np.array([1])
    steady = np.abs(rng.standard_normal((200, 49, 1)))
    first, then = steady[:, :39], steady[:, 39:]
    hits = [new <= split_margin(old, 0.9) for old, new in zip(first, then, strict=True)]
    assert np.mean(hits) == pytest.approx(0.9, abs=0.015)

    growing = np.abs(rng.standard_normal((4000, 1))) * np.linspace(1, 4, 4000)[:, None]
    old, new = growing[:1000], growing[1000:]
    assert np.mean(new <= split_margin(old, 0.9)) < 0.75
    held = new <= adaptive_margins(old, new, 0.9, one)
    assert [np.mean(quarter) for quarter in np.split(held, 4)] == pytest.approx([0.9] * 4, abs=0.02)


def test_far_steps_know_every_calibration_error_from_the_start() -> None:
    """Twelve steps ahead with nine errors to begin with: delays are of the forecasts' own."""
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(200):
        calibration, errors = (np.abs(rng.standard_normal((n, 12))) for n in (9, 6))
        covered.append(errors <= adaptive_margins(calibration, errors, 0.9, np.arange(1, 13)))
    assert np.mean(covered, axis=(0, 1)).min() > 0.84


@given(st.integers(1, 4), st.integers(0, 30))
def test_a_margin_waits_for_its_error_to_be_known(late: int, at: int) -> None:
    rng = np.random.default_rng(1)
    calibration, errors = rng.random((20, 1)), rng.random((40, 1))
    changed = errors.copy()
    errors[at], changed[at] = 0, 1e6
    delays = np.array([late])
    before, after = (adaptive_margins(calibration, e, 0.8, delays) for e in (errors, changed))
    np.testing.assert_array_equal(before[: at + late], after[: at + late])
    assert after[at + late] > before[at + late]


@pytest.mark.parametrize(
    ("name", "forecaster", "rmse"),
    [("car-sales", "seasonal_naive", 1841.156), ("shampoo", "persistence", 136.761)],
)
def test_published_figures_of_the_last_twelve_months(
    home: Path, name: str, forecaster: str, rmse: float
) -> None:
    """https://machinelearningmastery.com: persistence of grid searches, one step ahead."""
    del home
    asked = load(name)
    specs = [s for s in asked.forecasters if s.kind == forecaster]
    asked = asked.model_copy(update={"forecasters": tuple(specs)})
    series = check_series(load_raw(asked))
    plan = origins.plan(len(series), asked)
    assert len(plan.origins) == 12
    pieces = backtest.pieces(plan, asked)
    results = [(piece, backtest.run_piece(piece, series.values, asked)) for piece in pieces]
    (standing,) = judge(results, series, plan, asked, name).standings
    assert round(standing.mean["rmse"], 3) == rmse
    errors = np.concatenate(
        [r.forecasts - targets_of(series.values, r.origins, 1) for _, r in results]
    )
    assert standing.mean["rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)))
