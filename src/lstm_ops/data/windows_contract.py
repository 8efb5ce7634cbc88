"""What every set of windows must be like, checked before anything is fitted on it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pandera.pandas as pa

from lstm_ops.data.windows import Parts, Windows
from lstm_ops.errors import InvalidSeries
from lstm_ops.experiment import Window


def check_windows(parts: Parts, window: Window) -> Parts:
    """The same parts. Raises `InvalidSeries` listing every fault: shapes, dtype, order, leakage."""
    faults = [fault for name in _names() for fault in _shape_faults(name, parts, window)]
    if not faults:
        faults = _reach_faults(parts, window)
    if faults:
        raise InvalidSeries("windows break their contract:\n  " + "\n  ".join(faults))
    return parts


def _names() -> tuple[str, ...]:
    return ("fit", "validation", "train", "test")


def _shape_faults(name: str, parts: Parts, window: Window) -> list[str]:
    windows: Windows = getattr(parts, name)
    expected = {
        "inputs": (len(windows), window.look_back),
        "targets": (len(windows), window.horizon),
        "first_target": (len(windows),),
    }
    faults = [] if len(windows) else [f"{name}: no windows"]
    for array_name, shape in expected.items():
        array = getattr(windows, array_name)
        dtype = np.int64 if array_name == "first_target" else np.float64
        if array.shape != shape or array.dtype != dtype:
            faults.append(
                f"{name}.{array_name}: got {array.dtype} {array.shape}, "
                f"needed {dtype.__name__} {shape}"
            )
    return faults


def _reach_faults(parts: Parts, window: Window) -> list[str]:
    """Rows whose inputs or targets reach out of their part."""
    bounds = {
        "fit": (0, len(parts.fit_values)),
        "validation": (0, len(parts.train_values)),
        "train": (0, len(parts.train_values)),
        "test": (len(parts.train_values), None),
    }
    return [
        fault
        for name, (low, high) in bounds.items()
        for fault in _outside(name, parts, window, low, high)
    ]


def _outside(name: str, parts: Parts, window: Window, low: int, high: int | None) -> list[str]:
    windows: Windows = getattr(parts, name)
    reach = pd.DataFrame(
        {
            "first_input": windows.first_target - window.look_back,
            "after_last_target": windows.first_target + window.horizon,
        }
    )
    within = (
        []
        if high is None
        else [pa.Check(lambda after: after <= high, name=f"ends by point {high}")]
    )
    schema = pa.DataFrameSchema(
        {
            "first_input": pa.Column(
                np.int64, pa.Check(lambda first: first >= low, name=f"starts at point {low}")
            ),
            "after_last_target": pa.Column(np.int64, within),
        }
    )
    try:
        schema.validate(reach, lazy=True)
    except pa.errors.SchemaErrors as error:
        counts = error.failure_cases.groupby("check").size()
        return [f"{name}: {count} windows break: {rule}" for rule, count in counts.items()]
    return []
