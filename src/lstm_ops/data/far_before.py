"""Rows that lie so far before all that is stored that somebody must have mistyped their times."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lstm_ops.data.spacing import BoolArray
from lstm_ops.data.store import Reach

LEAST = 8  # observations whose span says something
REASON = (
    "its time lies further before the first stored one ({first}) than the stored series is long; "
    "mend it, or bring the rows between them with it"
)


def far_before(times: pd.Series, reach: Reach | None) -> BoolArray:
    """Which times are cut off from the first stored one by more than the stored span  # (n,)

    None of them where they outnumber what is stored: then they are the series, and come in any
    order.
    """
    nowhere = np.zeros(len(times), dtype=bool)
    if reach is None or reach.count < LEAST or times.empty:
        return nowhere
    earlier = times[times < reach.first].sort_values()
    ordered = pd.concat([earlier, pd.Series([reach.first])], ignore_index=True)
    wide = np.flatnonzero(ordered.diff().iloc[1:] > reach.last - reach.first)
    if not len(wide) or wide[-1] + 1 >= reach.count:
        return nowhere
    return np.asarray(times <= ordered.iloc[wide[-1]], dtype=bool)
