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
    if kind == "standardise":
        return Scaling(float(np.mean(values)), _or_one(float(np.std(values))))
    low, high = float(np.min(values)), float(np.max(values))
    return Scaling(low, _or_one(high - low))


def _or_one(scale: float) -> float:
    return scale if scale > 0 else 1.0
