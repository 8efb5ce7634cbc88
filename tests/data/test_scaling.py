"""Scaling there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_ops.data.scaling import fit_scaling
from lstm_ops.experiment import ScalingKind

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)
KINDS = st.sampled_from(["none", "standardise", "minmax"])


@given(kind=KINDS, seen=NUMBERS, other=NUMBERS)
def test_there_and_back(kind: ScalingKind, seen: list[float], other: list[float]) -> None:
    scaling = fit_scaling(kind, np.array(seen))
    values = np.array(other)
    again = scaling.invert(scaling.apply(values))
    np.testing.assert_allclose(again, values, atol=1e-6)


def test_what_the_kinds_mean() -> None:
    seen = np.array([2.0, 4.0, 9.0])
    assert fit_scaling("minmax", seen).apply(seen) == pytest.approx([0, 2 / 7, 1])
    standardised = fit_scaling("standardise", seen).apply(seen)
    assert (standardised.mean(), standardised.std()) == pytest.approx((0, 1))
    assert fit_scaling("none", seen).apply(seen) == pytest.approx(seen)


@pytest.mark.parametrize("kind", ["standardise", "minmax"])
def test_a_constant_becomes_zero_and_comes_back(kind: ScalingKind) -> None:
    seen = np.full(5, 3.0)
    scaling = fit_scaling(kind, seen)
    assert list(scaling.apply(seen)) == [0] * 5
    assert list(scaling.invert(np.zeros(2))) == [3, 3]


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e9 + 0.1])
def test_a_constant_is_known_whatever_rounding_makes_of_its_deviation(value: float) -> None:
    """The mean of many 0.1 is not 0.1, so that their computed deviation is 1e-17 and not 0."""
    assert fit_scaling("standardise", np.full(97, value)).scale == 1
