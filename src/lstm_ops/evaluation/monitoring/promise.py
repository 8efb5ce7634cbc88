"""What a version's own calibration promises about its errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lstm_ops.data.series import FloatArray


def rmse_by_step(errors: Sequence[FloatArray]) -> FloatArray:
    """Of absolute errors by step, those that a served version holds  # (steps,)."""
    return np.array([float(np.sqrt(np.mean(step**2))) for step in errors])


def promised(by_version: Mapping[int, FloatArray], rows: pd.DataFrame) -> float | None:
    """RMSE that forecasts of these versions and steps should have, over `rows` as they occur.

    by_version: RMSE by step  # (steps,). Beyond the last step that was calibrated its own counts,
    as the least that can be promised. None where no row has a promise.
    """
    squares = [
        np.asarray(by_version[version])[np.minimum(step, len(by_version[version])) - 1] ** 2
        for version, step in zip(rows["version"], rows["step"], strict=True)
        if len(by_version.get(version, ()))
    ]
    return float(np.sqrt(np.mean(squares))) if squares else None
