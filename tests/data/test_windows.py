"""Windows against a slow loop, and the property that matters most: nothing looks ahead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lstm_ops.data import windows as files
from lstm_ops.data.scaling import fit_scaling
from lstm_ops.data.series import FloatArray
from lstm_ops.data.windows import Parts, Windows, cut, shape, split
from lstm_ops.data.windows_contract import check_windows
from lstm_ops.errors import InvalidSeries, SeriesTooShort
from lstm_ops.experiment import Split, Window

SPLITS = st.builds(
    Split, train_fraction=st.floats(0.3, 0.9), validation_fraction=st.floats(0.1, 0.6)
)
WINDOWS = st.builds(
    Window, look_back=st.integers(1, 6), horizon=st.integers(1, 3), drop_last_pair=st.booleans()
)


def loop(values: FloatArray, window: Window) -> list[tuple[list[float], list[float]]]:
    """The document's loop; with one step ahead its end is `len - look_back - 1`."""
    pairs = []
    count = len(values) - window.look_back - window.horizon + (0 if window.drop_last_pair else 1)
    for i in range(count):
        after = i + window.look_back
        pairs.append((list(values[i:after]), list(values[after : after + window.horizon])))
    return pairs


def pairs(windows: Windows) -> list[tuple[list[float], list[float]]]:
    return [(list(a), list(b)) for a, b in zip(windows.inputs, windows.targets, strict=True)]


def parts_of(n: int, how: Split, window: Window) -> tuple[FloatArray, Parts]:
    values = np.arange(n, dtype=np.float64) ** 1.5
    try:
        return values, split(values, how, window)
    except SeriesTooShort:
        assume(False)
        raise


def test_the_tutorials_counts() -> None:
    window = Window(look_back=1, horizon=1, drop_last_pair=True)
    parts = split(np.arange(5000.0), Split(train_fraction=0.67), window)
    assert (len(parts.train), len(parts.test)) == (3348, 1648)
    assert len(parts.train_values) == 3350


@given(n=st.integers(7, 60), window=WINDOWS, first=st.integers(0, 9))
def test_windows_are_those_of_a_slow_loop(n: int, window: Window, first: int) -> None:
    assume(n >= window.look_back + window.horizon)
    values = np.arange(n, dtype=np.float64) ** 1.5
    made = cut(values, window, first)
    assert pairs(made) == loop(values, window)
    assert list(made.first_target) == [first + window.look_back + i for i in range(len(made))]


@given(n=st.integers(30, 90), how=SPLITS, window=WINDOWS)
def test_each_part_is_cut_within_its_own_points(n: int, how: Split, window: Window) -> None:
    values, parts = parts_of(n, how, window)
    n_train = int(n * how.train_fraction)
    n_fit = int(n_train * (1 - how.validation_fraction))
    train = loop(values[:n_train], window)
    starts = [window.look_back + i for i in range(len(train))]
    assert pairs(parts.train) == train
    assert pairs(parts.test) == loop(values[n_train:], window)
    assert pairs(parts.fit) == [
        pair for pair, at in zip(train, starts, strict=True) if at + window.horizon <= n_fit
    ]
    assert pairs(parts.validation) == [
        pair for pair, at in zip(train, starts, strict=True) if at >= n_fit
    ]
    assert check_windows(parts, window) is parts


@given(n=st.integers(30, 90), how=SPLITS, window=WINDOWS, data=st.data())
@settings(max_examples=150)
def test_nothing_before_a_cut_knows_what_comes_after_it(
    n: int, how: Split, window: Window, data: st.DataObject
) -> None:
    """Change any value at or after the cut between train and test, or fit and validation."""
    values, before = parts_of(n, how, window)
    n_fit, n_train = len(before.fit_values), len(before.train_values)
    position = data.draw(st.integers(n_fit, n - 1))
    values[position] += data.draw(st.sampled_from([-1e6, 1e6]))
    after = split(values, how, window)
    untouched = ["fit"] if position < n_train else ["fit", "validation", "train"]
    for name in untouched:
        for array in ("inputs", "targets", "first_target"):
            np.testing.assert_array_equal(
                getattr(getattr(before, name), array), getattr(getattr(after, name), array)
            )
    seen = ["fit_values"] if position < n_train else ["fit_values", "train_values"]
    for name in seen:
        for kind in ("none", "standardise", "minmax"):
            scaling = fit_scaling(kind, getattr(before, name))
            assert scaling == fit_scaling(kind, getattr(after, name))


@given(n=st.integers(1, 40), how=SPLITS, window=WINDOWS)
def test_too_few_rows_are_told_with_the_number_that_does(
    n: int, how: Split, window: Window
) -> None:
    try:
        files.require_enough(n, how, window, "mine")
    except SeriesTooShort as error:
        message = str(error)
        assert f'"mine" has {n} points; look_back={window.look_back}' in message
        needed = int(message.split("need at least ")[1].split(".")[0])
        assert needed > n
        split(np.arange(float(needed)), how, window)
        with pytest.raises(SeriesTooShort):
            split(np.arange(float(needed - 1)), how, window)
    else:
        parts = split(np.arange(float(n)), how, window)
        assert all(len(p) for p in (parts.fit, parts.validation, parts.train, parts.test))


def test_layouts() -> None:
    inputs = np.arange(6.0).reshape(2, 3)  # (n, look_back)
    assert shape(inputs, "features").shape == (2, 1, 3)
    assert shape(inputs, "steps").shape == (2, 3, 1)
    assert list(shape(inputs, "steps")[1, :, 0]) == [3, 4, 5]
    channels = np.stack([inputs, inputs + 10], axis=2)  # (n, look_back, channels)
    np.testing.assert_array_equal(shape(channels, "steps"), channels)
    assert shape(channels, "features")[0].tolist() == [[0, 10, 1, 11, 2, 12]]
    assert shape(channels, "flat")[0].tolist() == [0, 10, 1, 11, 2, 12]


def test_files_bring_windows_back(tmp_path: Path) -> None:
    _, parts = parts_of(40, Split(), Window(look_back=3, horizon=2))
    files.save(parts, tmp_path / "windows.npz")
    again = files.read(tmp_path / "windows.npz")
    assert pairs(again.fit) == pairs(parts.fit)
    assert pairs(again.test) == pairs(parts.test)
    np.testing.assert_array_equal(again.train_values, parts.train_values)


def test_the_contract_notices_windows_that_reach_out_of_their_part() -> None:
    window = Window(look_back=2, horizon=1)
    _, parts = parts_of(40, Split(), window)
    leaky = Parts(
        fit=parts.train,  # reaches into the validation part
        validation=parts.validation,
        train=parts.train,
        test=parts.test,
        fit_values=parts.fit_values,
        train_values=parts.train_values,
    )
    with pytest.raises(InvalidSeries, match=r"fit: \d+ windows break: ends by point 20"):
        check_windows(leaky, window)
    with pytest.raises(InvalidSeries, match=r"train.inputs: got float64 \(24, 2\), needed"):
        check_windows(parts, Window(look_back=3, horizon=1))
