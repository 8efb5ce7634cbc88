"""Even spacing of times: found, kept in files, and carried on into the future."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from lstm_ops.data import series as series_files
from lstm_ops.data.contract import check_series
from lstm_ops.data.raw import RawSeries
from lstm_ops.data.spacing import Spacing, keeps_to, measure
from lstm_ops.tracking.served.forecaster import misplaced, times_after

EVEN = {
    "months": (pd.date_range("2023-01-01", periods=26, freq="MS"), Spacing("months", 1)),
    "quarters": (pd.date_range("2020-01-15", periods=12, freq="QS-JAN"), Spacing("months", 3)),
    "years": (pd.date_range("2000-01-01", periods=9, freq="YS"), Spacing("months", 12)),
    "month ends": (pd.date_range("2023-01-31", periods=26, freq="ME"), Spacing("month_ends", 1)),
    "days": (pd.date_range("2024-02-20", periods=20, freq="D"), Spacing("seconds", 86400)),
    "business days": (
        pd.date_range("2024-02-20", periods=20, freq="B"),
        Spacing("business_days", 1),
    ),
    "weeks": (pd.date_range("2024-02-20", periods=20, freq="W"), Spacing("seconds", 604800)),
    "hours": (pd.date_range("2024-02-20", periods=40, freq="h"), Spacing("seconds", 3600)),
    "quarters of hours at noon": (
        pd.date_range("2024-02-20 12:00", periods=40, freq="15min"),
        Spacing("seconds", 900),
    ),
    "numbers": (pd.Index(np.arange(20) * 2.5 - 7), Spacing("number", 2.5)),
    "linspace": (pd.Index(np.linspace(0.1, 9.7, 97)), Spacing("number", 0.1)),
    "the 30th or the last of February": (
        pd.DatetimeIndex(pd.Timestamp("2023-09-30") + pd.DateOffset(months=n) for n in range(20)),
        None,
    ),
    "the 28th at nine": (
        pd.DatetimeIndex(
            pd.Timestamp("2023-01-28 09:00") + pd.DateOffset(months=n) for n in range(20)
        ),
        Spacing("months", 1),
    ),
}


@pytest.mark.parametrize("name", EVEN)
def test_calendars_and_numbers_count_as_even(name: str) -> None:
    times, expected = EVEN[name]
    spacing, off = measure(pd.Series(times))
    assert not off.any()
    if expected is not None:
        assert spacing.unit == expected.unit
        assert spacing.step == pytest.approx(expected.step)


@pytest.mark.parametrize("name", EVEN)
def test_forecasts_carry_on_where_history_ends(name: str) -> None:
    """The times of forecasts are those that the series would have had, from any last row on."""
    times = pd.Series(EVEN[name][0])
    spacing, _ = measure(times)
    for known in range(len(times) - 4, len(times)):
        ahead = times_after(times.iloc[known - 1], len(times) - known, spacing.as_dict())
        rest = times.iloc[known:]
        if spacing.unit == "number":
            np.testing.assert_allclose(ahead, rest, atol=1e-9)
        else:
            assert list(ahead) == list(rest)


@pytest.mark.parametrize("name", EVEN)
def test_one_row_taken_out_is_a_gap_at_the_next(name: str) -> None:
    times = pd.Series(EVEN[name][0]).drop(index=5).reset_index(drop=True)
    _, off = measure(times)
    assert list(np.flatnonzero(off)) == [5]


@pytest.mark.parametrize("name", EVEN)
def test_the_served_form_finds_what_is_out_of_step_with_training(name: str) -> None:
    times = pd.Series(EVEN[name][0])
    spacing = measure(times)[0].as_dict()
    for first in range(len(times)):  # from any row on, a single one too
        assert not misplaced(times[first:].to_numpy(), spacing).any()
    gap = misplaced(times.drop(index=5).to_numpy(), spacing)
    assert list(np.flatnonzero(gap)) == [5]
    assert misplaced(times[::2].to_numpy(), spacing)[1:].all()


def test_the_served_form_takes_rounded_numbers_for_times() -> None:
    """58 / 4999 apart, as in the tutorial; two decimals are too few."""
    spacing = Spacing("number", 58 / 4999).as_dict()
    times = np.linspace(2, 60, 5000)[-30:]
    assert not misplaced(times.round(6), spacing).any()
    assert misplaced(times.round(2), spacing).any()


def test_the_served_form_goes_no_further_than_dates_do() -> None:
    far_ahead = Spacing("seconds", 366 * 86400).as_dict()
    with pytest.raises(MlflowException, match="horizon is 9999, which leads beyond the year 9999"):
        times_after(pd.Timestamp("2024-02-29"), 9999, far_ahead)


@pytest.mark.parametrize("name", EVEN)
def test_files_bring_the_series_and_its_spacing_back(name: str, tmp_path: Path) -> None:
    times = pd.Series(EVEN[name][0])
    series = check_series(RawSeries("mine", times, pd.Series(np.arange(len(times)) / 3), "here"))
    series_files.save(series, tmp_path / "s.parquet")
    again = series_files.read(tmp_path / "s.parquet")
    assert (again.name, again.origin, again.spacing) == ("mine", "here", series.spacing)
    pd.testing.assert_frame_equal(again.frame, series.frame)
    assert again.digest() == series.digest()


def test_a_digest_tells_series_apart_and_leaves_the_signal_out() -> None:
    values, signal = pd.Series([1.0, 2.0, 3.0]), pd.Series([1.0, 2.0, 3.0])
    plain = check_series(RawSeries("a", None, values, "x")).digest()
    assert check_series(RawSeries("b", None, values, "y", signal=signal)).digest() == plain
    assert check_series(RawSeries("a", None, values + 1e-12, "x")).digest() != plain
    assert check_series(RawSeries("a", values * 2, values, "x")).digest() != plain


MONTHLY, LAST_DAYS = Spacing("months", 1, 1), Spacing("months", 1, 30)


@pytest.mark.parametrize(
    ("times", "spacing", "expected"),
    [
        (pd.date_range("2023-07-01", periods=3, freq="MS"), MONTHLY, True),  # 31 days each
        (pd.date_range("2023-01-01", periods=3, freq="D"), MONTHLY, False),
        (pd.date_range("2023-01-15", periods=3, freq="31D"), MONTHLY, False),
        (pd.to_datetime(["2023-02-28", "2023-03-30"]), LAST_DAYS, True),
        (pd.to_datetime(["2023-02-28", "2023-03-28"]), LAST_DAYS, False),
        (pd.date_range("2024-05-06", periods=5, freq="D"), Spacing("business_days", 1), True),
        (pd.date_range("2024-05-06", periods=6, freq="D"), Spacing("business_days", 1), False),
        (pd.Index(np.linspace(0.1, 9.7, 97)), Spacing("number", 0.1), True),
        (pd.Index(np.linspace(0.1, 9.7, 97)), Spacing("number", 0.11), False),
        (pd.Index(np.linspace(0.1, 9.7, 97)), MONTHLY, False),
    ],
)
def test_new_rows_keep_to_the_spacing_of_others(
    times: pd.Index, spacing: Spacing, expected: bool
) -> None:
    assert keeps_to(pd.Series(times), spacing) is expected
