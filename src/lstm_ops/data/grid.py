"""Where the observations of a series can lie: at whole steps from those that are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lstm_ops.data.series import FloatArray
from lstm_ops.data.spacing import BoolArray, Spacing, fitting

LEAST = 3  # times without which nobody can tell a step
NEAR = 1e-6  # of a step: what rounding may move a number by
MOST = 0.1  # of a step: what it adds up to far away


@dataclass(frozen=True)
class Grid:
    """`anchor` and every whole step from it, before and after. Gaps are no fault: late rows come.

    Of few times several spacings may fit; a time is on the grid if it is on one of them.
    `first` is the earliest time from which the step is known: further away it is less certain.
    """

    spacings: tuple[Spacing, ...]
    anchor: Any
    first: Any

    def holds(self, times: pd.Series) -> BoolArray:
        """Which times are on it  # (n_times,)"""
        each = [self._on(times, spacing) for spacing in self.spacings]
        return np.asarray(np.logical_or.reduce(each), dtype=bool)

    def one_later(self, time: pd.Timestamp) -> pd.Timestamp:
        """A step after it, of series with dates."""
        return max(pd.Timestamp(time + _offset(spacing)) for spacing in self.spacings)

    def snapped(self, times: pd.Series, there: pd.Series) -> pd.Series:
        """Numbers that rounding has moved from one that is there are that one again."""
        if self.spacings[0].unit != "number" or times.empty:
            return times
        known = np.sort(there.to_numpy(dtype=np.float64))
        wanted = times.to_numpy(dtype=np.float64)
        right = np.clip(np.searchsorted(known, wanted), 1, len(known) - 1)
        below, above = known[right - 1], known[right]
        nearest = np.where(wanted - below < above - wanted, below, above)
        # Both may be off the grid as far as may be, to either side.
        near = np.abs(nearest - wanted) <= 2 * self._tolerance(wanted, self.spacings[0].step)
        return pd.Series(np.where(near, nearest, wanted), index=times.index)

    def _on(self, times: pd.Series, spacing: Spacing) -> BoolArray:
        match spacing.unit:
            case "number":
                return self._on_numbers(times.to_numpy(dtype=np.float64), spacing.step)
            case "seconds":
                return _on_seconds(times, spacing, self.anchor)
            case "business_days":
                return np.asarray(_same_clock(times, self.anchor) & (times.dt.day_of_week < 5))
            case "months" | "month_ends":
                return _on_months(times, spacing, self.anchor)

    def _on_numbers(self, times: FloatArray, step: float) -> BoolArray:
        away = times - self.anchor
        off = np.abs(away - np.round(away / step) * step)
        return np.asarray(off <= self._tolerance(times, step))

    def _tolerance(self, times: FloatArray, step: float) -> FloatArray:
        """Rounding moves a time, and by as much the ends that the step was taken from."""
        spans = np.abs(times - self.anchor) / (self.anchor - self.first)
        last_places = 8 * np.spacing(np.abs(times).max(initial=1.0))
        return np.asarray(np.minimum(NEAR * (1 + spans), MOST) * step + last_places)


def grid_of(times: pd.Series) -> Grid | None:
    """The grid of times in any order; None where there are too few, or most are off any."""
    known = times.drop_duplicates().sort_values(ignore_index=True)
    if len(known) < LEAST:
        return None
    found = fitting(known)
    off = found[0][1][1:]
    if 2 * off.sum() > len(off):
        return None
    ends = known[1:][~off]
    first, anchor = known[ends.index[0] - 1], ends.iloc[-1]
    if found[0][0].unit == "number":
        step = _step(known.diff()[1:][~off].mean(), anchor - first)
        return Grid((Spacing("number", step),), anchor, first)
    return Grid(tuple(spacing for spacing, _ in found), anchor, first)


def _step(mean: float, span: float) -> float:
    """Of numbers: from the first to the last time, where rounding matters least.

    The mean of the single steps stands where the span is no whole number of it: the times have
    been moved once.
    """
    step = span / np.round(span / mean)
    return float(step if abs(step - mean) <= NEAR * mean else mean)


def _on_seconds(times: pd.Series, spacing: Spacing, anchor: pd.Timestamp) -> BoolArray:
    microseconds = (times - anchor) // pd.Timedelta(microseconds=1)
    return np.asarray(microseconds % round(spacing.step * 1e6) == 0)


def _on_months(times: pd.Series, spacing: Spacing, anchor: pd.Timestamp) -> BoolArray:
    months = 12 * (times.dt.year - anchor.year) + times.dt.month - anchor.month
    last = times.dt.days_in_month
    day = last if spacing.day is None else np.minimum(spacing.day, last)
    right = (times.dt.day == day) & (months % int(spacing.step) == 0)
    return np.asarray(right & _same_clock(times, anchor))


def _same_clock(times: pd.Series, anchor: pd.Timestamp) -> BoolArray:
    return np.asarray(times - times.dt.normalize() == anchor - anchor.normalize())


def _offset(spacing: Spacing) -> Any:
    match spacing.unit:
        case "months" | "month_ends":
            return pd.DateOffset(months=int(spacing.step))
        case "business_days":
            return pd.offsets.BusinessDay(1)
        case _:
            return pd.Timedelta(seconds=spacing.step)
