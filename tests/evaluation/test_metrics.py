"""Figures of merit: invariances and definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation.metrics import rmse, rmse_tutorial, skill

NUMBER = st.floats(-1e3, 1e3)
PAIRS = st.lists(st.tuples(NUMBER, NUMBER), min_size=2, max_size=30)


def arrays(pairs: list[tuple[float, float]]) -> tuple[FloatArray, FloatArray]:
    actual, forecast = np.array(pairs).T
    return actual[:, np.newaxis], forecast[:, np.newaxis]


def loop(actual: list[float], forecast: list[float]) -> float:
    return math.sqrt(sum((a - f) ** 2 for a, f in zip(actual, forecast, strict=True)) / len(actual))


@given(pairs=PAIRS)
def test_rmse_is_the_loop(pairs: list[tuple[float, float]]) -> None:
    actual, forecast = arrays(pairs)
    assert rmse(actual, forecast) == pytest.approx(loop(*zip(*pairs, strict=True)))


@given(pairs=PAIRS)
def test_rmse_as_the_tutorial_holds_forecast_i_against_target_i_plus_one(
    pairs: list[tuple[float, float]],
) -> None:
    actual, forecast = arrays(pairs)
    shifted = [(pairs[i + 1][0], pairs[i][1]) for i in range(len(pairs) - 1)]
    assert rmse_tutorial(actual, forecast) == pytest.approx(loop(*zip(*shifted, strict=True)))


@given(pairs=PAIRS)
def test_rmse_does_not_know_up_from_down(pairs: list[tuple[float, float]]) -> None:
    actual, forecast = arrays(pairs)
    for figure in (rmse, rmse_tutorial):
        assert figure(-actual, -forecast) == figure(actual, forecast)


@given(pairs=PAIRS, a=st.floats(-50, 50), b=NUMBER)
def test_rmse_is_in_units_of_y(pairs: list[tuple[float, float]], a: float, b: float) -> None:
    actual, forecast = arrays(pairs)
    for figure in (rmse, rmse_tutorial):
        moved = figure(a * actual + b, a * forecast + b)
        assert moved == pytest.approx(abs(a) * figure(actual, forecast), rel=1e-6, abs=1e-9)


def test_shapes_are_not_broadcast() -> None:
    with pytest.raises(ValueError, match="needed: one shape"):
        rmse(np.zeros((3, 1)), np.zeros(3))


def test_skill() -> None:
    assert skill(0.5, 2.0) == 0.75
    assert skill(2.0, 2.0) == 0
    assert skill(3.0, 2.0) < 0
    assert math.isnan(skill(1.0, 0.0))
