"""Figures of merit, in the units of the series unless said otherwise."""

from __future__ import annotations

import numpy as np

from lstm_ops.data.series import FloatArray


def rmse(actual: FloatArray, forecast: FloatArray) -> float:
    """Root of the mean squared error over all entries of two arrays of one shape."""
    if actual.shape != forecast.shape:
        raise ValueError(f"actual is {actual.shape}, forecast {forecast.shape}; needed: one shape")
    return float(np.sqrt(np.mean((actual - forecast) ** 2)))


def rmse_tutorial(actual: FloatArray, forecast: FloatArray) -> float:
    """As *LSTM Explained* computes it: forecast i against target i + 1. (n, horizon), n > 1."""
    return rmse(actual[1:], forecast[:-1])


def skill(error: float, reference: float) -> float:
    """1 - error / reference: 0 is as good as the reference, negative is worse."""
    return 1 - error / reference if reference > 0 else float("nan")
