"""Times as they are kept: as text that is the same for the same time, and as one number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def as_text(time: Any) -> str:
    """A time as it is written: a date with its clock, or the shortest text of its number."""
    if isinstance(time, pd.Timestamp | np.datetime64):
        return str(pd.Timestamp(time))
    return repr(float(time))


def from_text(times: pd.Series) -> pd.Series:
    """What `as_text` made of them: numbers (float64), or dates (datetime64)."""
    numbers = pd.to_numeric(times, errors="coerce").astype("float64")
    if numbers.notna().all() and len(times):
        return numbers
    return pd.to_datetime(times, format="ISO8601").astype("datetime64[us]")


def position(time: Any) -> float:
    """Seconds since 1970, or the number itself."""
    if isinstance(time, pd.Timestamp):
        # In nanoseconds, which are the default, nothing before 1677 has a place.
        since = time.as_unit("us") - pd.Timestamp(0).as_unit("us")
        return since / pd.Timedelta(seconds=1).as_unit("us")
    return float(time)
