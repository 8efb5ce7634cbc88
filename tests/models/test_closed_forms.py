"""Least squares and persistence against their definitions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lstm_ops.models.forecaster import ignore_epochs
from lstm_ops.models.linear import Linear
from lstm_ops.models.persistence import Persistence


@given(look_back=st.integers(1, 5), horizon=st.integers(1, 4), seed=st.integers(0, 99))
def test_linear_is_least_squares(look_back: int, horizon: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(40, look_back))
    targets = random.normal(size=(40, horizon))
    fitted = Linear().fit(inputs, targets, seed=seed, on_epoch=ignore_epochs)
    with_one = np.column_stack([inputs, np.ones(40)])
    solution, *_ = np.linalg.lstsq(with_one, targets)
    np.testing.assert_allclose(fitted.predict(inputs), with_one @ solution, atol=1e-10)
    np.testing.assert_allclose(fitted.weights, solution[:-1].T, atol=1e-10)
    assert fitted.parameters == (look_back + 1) * horizon


def test_linear_copes_with_inputs_that_say_the_same_thing() -> None:
    inputs = np.repeat(np.arange(6.0)[:, np.newaxis], 2, axis=1)
    fitted = Linear().fit(inputs, 2 * inputs[:, :1], seed=0, on_epoch=ignore_epochs)
    np.testing.assert_allclose(fitted.predict(inputs), 2 * inputs[:, :1], atol=1e-10)


def test_persistence_repeats_the_last_value() -> None:
    inputs = np.array([[1.0, 2.0], [3.0, -4.0]])
    fitted = Persistence().fit(inputs, np.zeros((2, 3)), seed=0, on_epoch=ignore_epochs)
    assert fitted.predict(inputs).tolist() == [[2, 2, 2], [-4, -4, -4]]
    assert fitted.parameters == 0
