"""A series as the rest of the project sees it: times, values and, where known, the true signal."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstm_ops.data.spacing import Spacing

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """Evenly spaced observations that have passed the contract.

    `frame` has `t` (float64 or datetime64), `y` (float64) and, for synthetic series, `signal`
    (float64): y without its noise. `origin` says where it came from.
    """

    name: str
    frame: pd.DataFrame
    spacing: Spacing
    origin: str

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def values(self) -> FloatArray:
        """y  # (n_points,)"""
        return self.frame["y"].to_numpy(dtype=np.float64)

    @property
    def signal(self) -> FloatArray | None:
        """The noise-free signal  # (n_points,), or None where nobody knows it."""
        if "signal" not in self.frame:
            return None
        return self.frame["signal"].to_numpy(dtype=np.float64)

    def points_until(self, time: str) -> int:
        """How many points lie at that time, as text, or before it."""
        dates = pd.api.types.is_datetime64_any_dtype(self.frame["t"])
        # Somebody may write the last digits of a number otherwise than they were.
        moment: Any = pd.Timestamp(time) if dates else float(time) + self.spacing.step / 2
        return int((self.frame["t"] <= moment).sum())

    def digest(self) -> str:
        """A fingerprint of times and values. The signal is no observation and stays out of it."""
        content = hashlib.sha256()
        for column in ("t", "y"):
            content.update(self.frame[column].to_numpy().tobytes())
        return content.hexdigest()[:16]


def save(series: Series, path: Path) -> None:
    """Write the observations as Parquet; name, origin and spacing travel as its metadata."""
    frame = series.frame.copy()
    frame.attrs = {
        "name": series.name,
        "origin": series.origin,
        "spacing": series.spacing.as_dict(),
    }
    frame.to_parquet(path, index=False)


def read(path: Path) -> Series:
    """A series that `save` wrote."""
    frame = pd.read_parquet(path)
    about = frame.attrs
    return Series(about["name"], frame, Spacing(**about["spacing"]), about["origin"])
