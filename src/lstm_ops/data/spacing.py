"""Even spacing of times: constant steps, or calendar steps such as months that differ in length."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Unit = Literal["number", "seconds", "months", "month_ends", "business_days"]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Spacing:
    """The step from one time to the next: `step` of `unit`.

    `day` belongs to months: the day of the month, or the last of a month that is shorter.
    """

    unit: Unit
    step: float
    day: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for files."""
        return asdict(self)

    def __str__(self) -> str:
        name = self.unit.replace("_", " ").removesuffix("s")
        count = f"{self.step:g} {name}{'' if self.step == 1 else 's'}"
        if self.unit == "number":
            return f"{self.step:g}, times being numbers"
        return count if self.day is None else f"{count}, day {self.day}"


def measure(times: pd.Series) -> tuple[Spacing, BoolArray]:
    """The spacing that fits best, and which rows are off it: (n_rows,), the first never.

    `times` are float64 or datetime64, strictly increasing, without missing values; at least two.
    A row is off when its distance from the row before is not one step.
    """
    return fitting(times)[0]


def fitting(times: pd.Series) -> list[tuple[Spacing, BoolArray]]:
    """Every spacing that fits best: three months of 31 days each may be that, or 31 days."""
    found = _candidates(times)
    fewest = min(int(off.sum()) for _, off in found)
    return [candidate for candidate in found if int(candidate[1].sum()) == fewest]


def keeps_to(times: pd.Series, spacing: Spacing) -> bool:
    """Whether times go on at a spacing that was measured on other rows.

    Of few rows `measure` may find another: from July to September months have 31 days each.
    """
    return any(not off.any() and _alike(found, spacing, times) for found, off in _candidates(times))


def _alike(found: Spacing, spacing: Spacing, times: pd.Series) -> bool:
    if found.unit != spacing.unit or not math.isclose(found.step, spacing.step, rel_tol=1e-6):
        return False
    if spacing.day is None:
        return True
    return bool((times.dt.day == np.minimum(spacing.day, times.dt.days_in_month)).all())


def _candidates(times: pd.Series) -> list[tuple[Spacing, BoolArray]]:
    if not pd.api.types.is_datetime64_any_dtype(times):
        return [_numbers(times.to_numpy(dtype=np.float64))]
    found = (_seconds(times), _month_ends(times), _months(times), _business_days(times))
    return [candidate for candidate in found if candidate is not None]


def _numbers(times: NDArray[np.float64]) -> tuple[Spacing, BoolArray]:
    steps = np.diff(times)
    step = float(np.median(steps))
    # Rounding in the file, or in linspace, moves a step by a few last places of the time itself.
    tolerance = 1e-6 * step + 8 * np.spacing(np.abs(times).max())
    return Spacing("number", step), _after_first(np.abs(steps - step) > tolerance)


def _seconds(times: pd.Series) -> tuple[Spacing, BoolArray]:
    steps = times.diff().dt.total_seconds().to_numpy()[1:]
    step = float(np.median(steps))
    return Spacing("seconds", step), _after_first(steps != step)


def _months(times: pd.Series) -> tuple[Spacing, BoolArray] | None:
    """Whole months on the same day, or on the month's last where it is shorter."""
    steps = np.diff(_month_number(times))
    step = int(np.median(steps))
    if step < 1:
        return None
    day = int(times.dt.day.max())
    right_day = times.dt.day == np.minimum(day, times.dt.days_in_month)
    wrong = (steps != step) | ~_same_clock_and(right_day, times)[1:]
    return Spacing("months", step, day), _after_first(wrong)


def _month_ends(times: pd.Series) -> tuple[Spacing, BoolArray] | None:
    steps = np.diff(_month_number(times))
    step = int(np.median(steps))
    if step < 1:
        return None
    wrong = (steps != step) | ~_same_clock_and(times.dt.is_month_end, times)[1:]
    return Spacing("month_ends", step), _after_first(wrong)


def _business_days(times: pd.Series) -> tuple[Spacing, BoolArray] | None:
    days = times.to_numpy().astype("datetime64[D]")
    steps = np.busday_count(days[:-1], days[1:])
    if np.median(steps) != 1:
        return None
    wrong = (steps != 1) | ~_same_clock_and(times.dt.day_of_week < 5, times)[1:]
    return Spacing("business_days", 1), _after_first(wrong)


def _month_number(times: pd.Series) -> NDArray[np.int64]:
    return np.asarray(times.dt.year * 12 + times.dt.month, dtype=np.int64)


def _same_clock_and(condition: pd.Series, times: pd.Series) -> BoolArray:
    clock = times - times.dt.normalize()
    return np.asarray((clock == clock.iloc[0]) & condition, dtype=bool)


def _after_first(wrong: BoolArray) -> BoolArray:
    return np.concatenate([[False], wrong])
