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


def mae(actual: FloatArray, forecast: FloatArray) -> float:
    """Mean absolute error."""
    return float(np.mean(np.abs(actual - forecast)))


def mase(actual: FloatArray, forecast: FloatArray, scale: FloatArray) -> float:
    """Mean absolute error over that of the seasonal naive forecast within what the fit has seen.

    scale: that error, of a shape that broadcasts to the others'. Hyndman and Koehler 2006,
    https://doi.org/10.1016/j.ijforecast.2006.03.001.
    """
    return float(np.mean(np.abs(actual - forecast) / scale))


def naive_error(seen: FloatArray, season_length: int) -> float:
    """Mean absolute change from one season to the next, the scale of MASE. seen: (n_seen,)."""
    return float(np.mean(np.abs(seen[season_length:] - seen[:-season_length])))


def smape(actual: FloatArray, forecast: FloatArray) -> float:
    """Symmetric mean absolute percentage error, 0 to 200; two zeros agree.

    Makridakis 1993, https://doi.org/10.1016/0169-2070(93)90079-3, as the M4 competition has it.
    """
    size = np.abs(actual) + np.abs(forecast)
    error = np.abs(actual - forecast)
    return float(200 * np.mean(np.divide(error, size, out=np.zeros_like(size), where=size > 0)))


def skill(error: float, reference: float) -> float:
    """1 - error / reference: 0 is as good as the reference, negative is worse."""
    return 1 - error / reference if reference > 0 else float("nan")
