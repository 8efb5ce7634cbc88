"""The series of *LSTM Explained*, every part of it a setting; it can go on for ever, and drift."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstm_ops.data.raw import RawSeries
from lstm_ops.data.series import FloatArray
from lstm_ops.experiment import Drift, SyntheticSource

IntArray = NDArray[np.int64]


def generate(source: SyntheticSource, name: str) -> RawSeries:
    """The series and its noise-free signal.

    The noise is drawn once from NumPy's legacy generator, as the tutorial does, so that seed 7
    gives the tutorial's own 5,000 points.
    """
    values, signal = points(source, 0, source.points)
    return RawSeries(
        name=name,
        times=pd.Series(_x(source, np.arange(source.points))),
        values=pd.Series(values),
        signal=pd.Series(signal),
        where=f"synthetic series {name!r} (seed {source.seed}, {source.points} points)",
    )


def points(source: SyntheticSource, first: int, stop: int) -> tuple[FloatArray, FloatArray]:
    """Values and signal  # (stop - first,) of the points from `first` to before `stop`.

    They go on after `source.points`: x by the same step, the noise in its own stream.
    """
    number = np.arange(first, stop)
    # What is drawn first does not depend on how much is drawn.
    noise = np.random.RandomState(source.seed).randn(stop)[first:] * source.noise
    noise = noise * _noise_scale(source, number)
    return _value(source, number, noise), _value(source, number, np.zeros_like(noise))


def _x(source: SyntheticSource, number: IntArray) -> FloatArray:
    # linspace takes the last one from `stop` itself, which is not quite where the steps lead.
    known = np.linspace(source.start, source.stop, num=source.points)  # (points,)
    step = (source.stop - source.start) / (source.points - 1)
    beyond = source.start + number * step
    return np.where(number < source.points, known[np.minimum(number, source.points - 1)], beyond)


def _value(source: SyntheticSource, number: IntArray, noise: FloatArray) -> FloatArray:
    x = _x(source, number)
    phase = _phase(source, number, _drifts(source, "period"))
    waves = sum((h.amplitude * np.sin(h.frequency * phase) for h in source.harmonics), noise)
    for drift in _drifts(source, "level"):
        waves = waves + np.where(number >= drift.start, drift.size * source.noise, 0.0)
    size = x / source.growth if source.growth is not None else 1.0
    return size * waves * source.wave_scale + source.trend * x


def _phase(source: SyntheticSource, number: IntArray, drifts: tuple[Drift, ...]) -> FloatArray:
    """x as the waves see it: from a drift of the period on, its steps are shorter or longer."""
    if not drifts:
        return _x(source, number)
    *others, drift = drifts
    before = _phase(source, number, tuple(others))
    anchor = _phase(source, np.array([max(drift.start - 1, 0)]), tuple(others))
    return np.where(number >= drift.start, anchor + (before - anchor) / drift.size, before)


def _noise_scale(source: SyntheticSource, number: IntArray) -> FloatArray:
    """By what the drifts of the variance multiply the noise's sd."""
    scale = np.ones(len(number))
    for drift in _drifts(source, "variance"):
        scale = np.where(number >= drift.start, scale * np.sqrt(drift.size), scale)
    return scale


def _drifts(source: SyntheticSource, kind: str) -> tuple[Drift, ...]:
    return tuple(drift for drift in source.drifts if drift.kind == kind)
