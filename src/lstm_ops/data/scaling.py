"""Scaling fitted on the values it is given, and on no others."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from lstm_ops.data.series import FloatArray
from lstm_ops.experiment import ScalingKind


@dataclass(frozen=True)
class Scaling:
    """scaled = (y - offset) / scale."""

    offset: float
    scale: float

    def apply(self, values: FloatArray) -> FloatArray:
        """From units of y to scaled, any shape."""
        return (values - self.offset) / self.scale

    def invert(self, scaled: FloatArray) -> FloatArray:
        """From scaled back to units of y, any shape."""
        return scaled * self.scale + self.offset

    def as_dict(self) -> dict[str, float]:
        """Plain values, for files."""
        return asdict(self)


def fit_scaling(kind: ScalingKind, values: FloatArray) -> Scaling:
    """`none`, `standardise` (mean 0, sd 1) or `minmax` (0 to 1). A constant is only moved."""
    if kind == "none":
        return Scaling(0.0, 1.0)
    low, high = float(np.min(values)), float(np.max(values))
    if low == high:  # rounding may leave a constant with a deviation of 1e-17
        return Scaling(low, 1.0)
    if kind == "standardise":
        return Scaling(float(np.mean(values)), float(np.std(values)))
    return Scaling(low, high - low)
