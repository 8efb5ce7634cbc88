"""The series of *LSTM Explained*, every part of it a setting."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lstm_ops.data.raw import RawSeries
from lstm_ops.data.series import FloatArray
from lstm_ops.experiment import SyntheticSource


def generate(source: SyntheticSource, name: str) -> RawSeries:
    """The series and its noise-free signal.

    The noise is drawn once from NumPy's legacy generator, as the tutorial does, so that seed 7
    gives the tutorial's own 5,000 points.
    """
    x = np.linspace(source.start, source.stop, num=source.points)  # (points,)
    noise = np.random.RandomState(source.seed).randn(source.points) * source.noise
    return RawSeries(
        name=name,
        times=pd.Series(x),
        values=pd.Series(_value(source, x, noise)),
        signal=pd.Series(_value(source, x, np.zeros_like(x))),
        where=f"synthetic series {name!r} (seed {source.seed}, {source.points} points)",
    )


def _value(source: SyntheticSource, x: FloatArray, noise: FloatArray) -> FloatArray:
    waves = sum((h.amplitude * np.sin(h.frequency * x) for h in source.harmonics), noise)
    size = x / source.growth if source.growth is not None else 1.0
    return size * waves * source.wave_scale + source.trend * x
