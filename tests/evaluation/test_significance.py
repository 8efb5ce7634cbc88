"""Evidence against references: a t-test, a regression's HAC variance, published adjustments."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation.significance import (
    Interval,
    block_length,
    diebold_mariano,
    holm,
    resample,
)


def losses(seed: int, n: int = 120, worse: float = 0.0) -> FloatArray:
    return np.random.default_rng(seed).standard_normal(n) ** 2 + worse


def test_one_step_ahead_it_is_the_paired_t_test() -> None:
    """With h = 1 the corrected variance is the one that divides by n - 1."""
    a, b = losses(1), losses(2, worse=0.2)
    reference = stats.ttest_rel(a, b)
    ours = diebold_mariano(a, b, horizon=1)
    assert ours.statistic == pytest.approx(reference.statistic)
    assert ours.p == pytest.approx(reference.pvalue)


def test_further_ahead_the_variance_counts_what_overlaps() -> None:
    """Term by term, as the papers write it."""
    a, b, h = losses(3), losses(4, worse=0.1), 4
    d = a - b
    n, mean = len(d), (a - b).mean()
    gamma = [sum((d[t] - mean) * (d[t - k] - mean) for t in range(k, n)) / n for k in range(h)]
    variance = (gamma[0] + 2 * gamma[1] + 2 * gamma[2] + 2 * gamma[3]) / n
    corrected = mean / variance**0.5 * ((n + 1 - 2 * h + h * (h - 1) / n) / n) ** 0.5
    assert diebold_mariano(a, b, h).statistic == pytest.approx(corrected)


def test_swapping_the_two_turns_the_sign_and_nothing_else() -> None:
    a, b = losses(5), losses(6)
    one, other = diebold_mariano(a, b, 3), diebold_mariano(b, a, 3)
    assert one.statistic == pytest.approx(-other.statistic)
    assert one.p == pytest.approx(other.p)


def test_equal_losses_are_not_told_apart_and_constant_differences_are() -> None:
    a = losses(7)
    assert diebold_mariano(a, a, 2).p == 1
    assert diebold_mariano(np.ones(9), np.zeros(9), 1).p == 0


def test_a_variance_that_flat_weights_make_negative_is_mended() -> None:
    zigzag = np.tile([1.0, -1.0], 30) + 0.01
    result = diebold_mariano(zigzag, np.zeros(60), 2)
    assert np.isfinite(result.statistic)
    assert 0 < result.p < 1


def test_p_is_uniform_where_nothing_differs() -> None:
    """Of 400 pairs of equal forecasters about a twentieth fall below 0.05."""
    below = [
        diebold_mariano(losses(2 * k, 60), losses(2 * k + 1, 60), 1).p < 0.05 for k in range(400)
    ]
    assert 0.02 <= np.mean(below) <= 0.08


def test_few_forecasts_that_overlap_are_not_told_apart_too_often() -> None:
    """37 sums of twelve neighbouring errors; with n - 1 degrees of freedom one in four."""
    rng = np.random.default_rng(0)
    below = []
    for _ in range(300):
        errors = rng.standard_normal((2, 48)) ** 2
        sums = np.array([np.convolve(each, np.ones(12), "valid") for each in errors])
        below.append(diebold_mariano(sums[0], sums[1], 12).p < 0.05)
    assert np.mean(below) < 0.09


def test_the_interval_covers_what_it_says() -> None:
    """Errors with a memory; a plain bootstrap of single targets would be too sure."""
    rng = np.random.default_rng(0)
    covered = []
    for seed in range(150):
        noise = rng.standard_normal((2, 400))
        for t in range(1, 400):
            noise[:, t] += 0.5 * noise[:, t - 1]
        squares = noise**2 * [[1.0], [1.44]]
        true = (1 - 1.2) / np.sqrt(1 - 0.25)
        drawn = resample(*squares, block=15, seed=seed, samples=300)
        interval = drawn.difference(0.95)
        covered.append(interval.low <= true <= interval.high)
    assert 0.86 <= np.mean(covered) <= 0.99


def test_the_interval_of_equal_losses_is_zero_and_it_is_repeatable() -> None:
    a, b = losses(8), losses(9)
    same = resample(a, a, block=5, seed=1)
    assert same.difference(0.95) == same.relative(0.95) == Interval(0, 0)
    again = [resample(a, b, block=5, seed=1).relative(0.95) for _ in range(2)]
    assert again[0] == again[1]


def test_a_resample_is_of_whole_blocks_as_long_as_the_original() -> None:
    """Blocks as long as everything are rotations, which leave an RMSE as it is."""
    a, b = losses(8), losses(9)
    drawn = resample(a, b, block=len(a), seed=1, samples=20)
    assert drawn.rmse == pytest.approx(np.full(20, np.sqrt(a.mean())))
    assert drawn.other == pytest.approx(np.full(20, np.sqrt(b.mean())))


def test_blocks_grow_with_the_series_and_the_horizon() -> None:
    assert [block_length(n, h) for n, h in ((1000, 1), (1000, 24), (5, 24), (1, 1))] == [
        10,
        24,
        5,
        1,
    ]


def test_holm_by_hand() -> None:
    """Four hypotheses: 4 · 0.005, 3 · 0.01, then never below the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_an_adjusted_p_lies_between_its_own_and_bonferronis(p_values: list[float]) -> None:
    for p, adjusted in zip(p_values, holm(p_values), strict=True):
        assert min(1.0, p) <= adjusted <= min(1.0, len(p_values) * p)
    ranked = sorted(zip(p_values, holm(p_values), strict=True))
    assert all(a[1] <= b[1] for a, b in itertools.pairwise(ranked))
