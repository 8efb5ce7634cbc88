"""The tutorial's series, to the last place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_ops.data.synthetic import generate, points
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


LIVE = SyntheticSource(kind="synthetic", growth=None, trend=0.0)
DRIFTS = {"level": 3.0, "variance": 2.0, "period": 1.5}


def drifting(*drifts: tuple[str, int, float]) -> SyntheticSource:
    listed = [{"kind": kind, "start": start, "size": size} for kind, start, size in drifts]
    return SyntheticSource.model_validate(LIVE.model_dump() | {"drifts": listed})


@given(first=st.integers(0, 6000), length=st.integers(0, 200))
def test_points_are_the_same_from_wherever_one_begins(first: int, length: int) -> None:
    whole, signal = points(LIVE, 0, 6200)
    part, part_signal = points(LIVE, first, first + length)
    np.testing.assert_array_equal(part, whole[first : first + length])
    np.testing.assert_array_equal(part_signal, signal[first : first + length])


def test_it_goes_on_after_the_tutorials_points_as_it_was() -> None:
    known = generate(SyntheticSource(kind="synthetic"), "tutorial")
    values, signal = points(SyntheticSource(kind="synthetic"), 0, 7000)
    np.testing.assert_array_equal(values[:5000], known.values)
    x = 2 + np.arange(7000) * 58 / 4999
    waves = np.sin(x) + np.sin(2 * x) / 4 + np.sin(3 * x) / 2 + np.sin(4 * x) / 2
    np.testing.assert_allclose(signal, x / 60 * waves / 4 + x / 100, atol=1e-12)
    noise = np.random.RandomState(7).randn(7000) / 10
    np.testing.assert_allclose(values, x / 60 * (waves + noise) / 4 + x / 100, atol=1e-12)


@given(
    kinds=st.lists(st.sampled_from(sorted(DRIFTS)), min_size=1, max_size=3),
    start=st.integers(0, 400),
)
def test_a_drift_changes_nothing_before_its_start(kinds: list[str], start: int) -> None:
    source = drifting(*((kind, start + 7 * i, DRIFTS[kind]) for i, kind in enumerate(kinds)))
    values, signal = points(source, 0, 500)
    before, before_signal = points(LIVE, 0, 500)
    np.testing.assert_array_equal(values[:start], before[:start])
    np.testing.assert_array_equal(signal[:start], before_signal[:start])
    assert (values[start:] != before[start:]).any()


def test_drifts_are_as_large_as_they_say() -> None:
    sd = LIVE.noise * LIVE.wave_scale
    values, signal = points(LIVE, 0, 5000)
    level, level_signal = points(drifting(("level", 100, 3.0), ("level", 200, -1.0)), 0, 5000)
    np.testing.assert_allclose((level - values)[100:200], 3 * sd)
    np.testing.assert_allclose((level_signal - signal)[200:], 2 * sd)
    noisy, same = points(drifting(("variance", 100, 2.0)), 0, 5000)
    np.testing.assert_array_equal(same, signal)
    np.testing.assert_allclose((noisy - signal)[100:], np.sqrt(2) * (values - signal)[100:])


def test_a_longer_period_goes_on_where_the_wave_was() -> None:
    _, signal = points(LIVE, 0, 4000)
    _, slower = points(drifting(("period", 1001, 2.0)), 0, 4000)
    np.testing.assert_allclose(slower[1000:4000:2], signal[1000:2500], atol=1e-9)
    steps = np.abs(np.diff(slower))
    assert steps[1000:1010].max() <= steps[:1000].max()


@pytest.mark.parametrize(("kind", "size"), [("variance", 0.0), ("variance", -1.0), ("period", 0.0)])
def test_no_variance_or_period_can_be_multiplied_by_nothing(kind: str, size: float) -> None:
    with pytest.raises(ValueError, match="needed is more than 0"):
        drifting((kind, 3, size))
