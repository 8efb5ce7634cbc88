"""The tutorial's series, to the last place."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_ops.data.synthetic import generate
from lstm_ops.experiment import SyntheticSource


def test_the_tutorials_series_exactly() -> None:
    raw = generate(SyntheticSource(kind="synthetic"), "tutorial")
    assert len(raw.values) == 5000
    assert raw.values[:3].to_numpy() == pytest.approx(
        [0.03036767, 0.02877202, 0.02938648], abs=5e-9
    )
    assert raw.values.sum() == pytest.approx(1567.6364507517421, abs=1e-9)


def test_the_defaults_are_the_tutorials_formula() -> None:
    x = np.linspace(2, 60, 5000)
    noise = np.random.RandomState(7).randn(5000)
    waves = np.sin(x) + np.sin(2 * x) / 4 + np.sin(3 * x) / 2 + np.sin(4 * x) / 2
    raw = generate(SyntheticSource(kind="synthetic"), "tutorial")
    assert raw.signal is not None
    np.testing.assert_allclose(raw.values, x / 60 * (waves + noise / 10) / 4 + x / 100, atol=1e-14)
    np.testing.assert_allclose(raw.signal, x / 60 * waves / 4 + x / 100, atol=1e-14)


def test_a_seed_repeats_and_another_differs_in_the_noise_only() -> None:
    one, again, other = (
        generate(SyntheticSource(kind="synthetic", points=50, seed=seed), "s") for seed in (1, 1, 2)
    )
    assert one.values.equals(again.values)
    assert not one.values.equals(other.values)
    assert one.signal is not None
    assert other.signal is not None
    assert one.signal.equals(other.signal)
