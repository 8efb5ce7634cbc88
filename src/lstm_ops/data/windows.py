"""From a series to windows: split by fraction, cut without loops, shaped for a network."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lstm_ops.data.series import FloatArray
from lstm_ops.errors import SeriesTooShort
from lstm_ops.experiment import Split, Window

Layout = Literal["features", "steps", "flat"]


@dataclass(frozen=True)
class Windows:
    """`inputs[k]` are the look_back values just before `targets[k]`.

    inputs: (n_windows, look_back), targets: (n_windows, horizon), both float64 in units of y;
    first_target: (n_windows,), the position in the series of each window's first target.
    """

    inputs: FloatArray
    targets: FloatArray
    first_target: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, chosen: NDArray[np.bool_]) -> Windows:
        return Windows(self.inputs[chosen], self.targets[chosen], self.first_target[chosen])


@dataclass(frozen=True)
class Parts:
    """All that a training needs of a series.

    `fit` and `validation` are windows of train: those whose targets lie wholly before the last
    fifth (or what the split says) of it, and wholly in it. `train` and `test` are cut each within
    its own part. `n_fit` and `n_train` are the points that a scaler may see.
    """

    fit: Windows
    validation: Windows
    train: Windows
    test: Windows
    fit_values: FloatArray
    train_values: FloatArray


def cut(values: FloatArray, window: Window, first: int = 0) -> Windows:
    """Every window of `values`, which start at position `first` of the series.

    `drop_last_pair` leaves out the last one, as the loop `range(len - look_back - 1)` of *LSTM
    Explained* does.
    """
    length = window.look_back + window.horizon
    rows = sliding_window_view(values, length)  # (n_windows, look_back + horizon)
    if window.drop_last_pair:
        rows = rows[:-1]
    positions = first + window.look_back + np.arange(len(rows), dtype=np.int64)
    return Windows(rows[:, : window.look_back], rows[:, window.look_back :], positions)


def split(values: FloatArray, split: Split, window: Window, name: str = "series") -> Parts:
    """Windows of each part. Raises `SeriesTooShort` where one of them would be empty."""
    require_enough(len(values), split, window, name)
    n_train, n_fit = _sizes(len(values), split)
    train = cut(values[:n_train], window)
    ends = train.first_target + window.horizon
    return Parts(
        fit=train[ends <= n_fit],
        validation=train[train.first_target >= n_fit],
        train=train,
        test=cut(values[n_train:], window, first=n_train),
        fit_values=values[:n_fit],
        train_values=values[:n_train],
    )


def require_enough(n_points: int, split: Split, window: Window, name: str) -> None:
    """Raises `SeriesTooShort`, saying how many points would do, unless each part has a window."""
    if _enough(n_points, split, window):
        return
    upper = n_points + 1
    while not _enough(upper, split, window):
        upper *= 2
    needed = bisect.bisect_left(range(upper), True, key=lambda n: _enough(n, split, window))
    raise SeriesTooShort(
        f'"{name}" has {n_points} points; look_back={window.look_back} and '
        f"horizon={window.horizon} with train_fraction={split.train_fraction} need at least "
        f"{needed}. Shorten window.look_back, or give more history."
    )


def shape(inputs: FloatArray, layout: Layout) -> FloatArray:
    """Windows (n, look_back), or (n, look_back, channels), as a forecaster takes them.

    `steps`: (n, look_back, channels); `features`: (n, 1, look_back * channels), one time step of
    many features; `flat`: (n, look_back * channels), without steps.
    """
    n, look_back, *_ = inputs.shape
    channels = math.prod(inputs.shape[2:])
    shapes = {
        "steps": (n, look_back, channels),
        "features": (n, 1, look_back * channels),
        "flat": (n, look_back * channels),
    }
    return inputs.reshape(shapes[layout])


def save(parts: Parts, path: Path) -> None:
    """Write every array to one `.npz` file."""
    arrays = {"fit_values": parts.fit_values, "train_values": parts.train_values}
    for name in ("fit", "validation", "train", "test"):
        windows: Windows = getattr(parts, name)
        arrays[f"{name}_inputs"] = windows.inputs
        arrays[f"{name}_targets"] = windows.targets
        arrays[f"{name}_first_target"] = windows.first_target  # type: ignore[assignment]
    np.savez(path, allow_pickle=False, **arrays)


def read(path: Path) -> Parts:
    """What `save` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        windows = {
            name: Windows(*(arrays[f"{name}_{of}"] for of in ("inputs", "targets", "first_target")))
            for name in ("fit", "validation", "train", "test")
        }
        return Parts(
            **windows, fit_values=arrays["fit_values"], train_values=arrays["train_values"]
        )


def _sizes(n_points: int, split: Split) -> tuple[int, int]:
    """Points of train, and of its first part that the validation fit sees."""
    n_train = int(n_points * split.train_fraction)
    return n_train, int(n_train * (1 - split.validation_fraction))


def _enough(n_points: int, split: Split, window: Window) -> bool:
    n_train, n_fit = _sizes(n_points, split)
    length = window.look_back + window.horizon
    dropped = int(window.drop_last_pair)
    return (
        n_fit >= length
        and n_train - n_fit >= window.horizon + dropped
        and n_points - n_train >= length + dropped
    )
