"""How old the newest observation is, in steps of its series."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from lstm_ops.data.series import Series
from lstm_ops.data.spacing import Spacing

DAYS_A_MONTH = 365.2425 / 12


def age_in_steps(series: Series, now: datetime) -> float | None:
    """From the newest observation to `now`; below 0 where it lies in the future.

    `now` without a zone is UTC. None for series whose times are numbers: these know no clock.
    """
    if series.spacing.unit == "number":
        return None
    newest = pd.Timestamp(series.frame["t"].iloc[-1])
    moment = pd.Timestamp(now.astimezone(UTC).replace(tzinfo=None) if now.tzinfo else now)
    if series.spacing.unit == "business_days":
        return _business_days(newest, moment) / series.spacing.step
    return (moment - newest).total_seconds() / _seconds(series.spacing)


def _seconds(spacing: Spacing) -> float:
    """Of a step; months at their mean length."""
    return spacing.step if spacing.unit == "seconds" else spacing.step * DAYS_A_MONTH * 86_400


def _business_days(newest: pd.Timestamp, moment: pd.Timestamp) -> float:
    """Whole ones, since a weekend is no delay."""
    return float(np.busday_count(newest.date(), moment.date()))
