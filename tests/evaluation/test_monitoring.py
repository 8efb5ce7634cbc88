"""What became of forecasts, whether the series changed, and when either is an alarm."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from benchmarks.monitoring import SEEN, START, waves
from lstm_ops.data.contract import check_series
from lstm_ops.data.forecasts import Forecasts
from lstm_ops.data.raw import RawSeries
from lstm_ops.data.series import Series
from lstm_ops.evaluation.monitoring import verdict
from lstm_ops.evaluation.monitoring.drift import Drift, Watch, drift
from lstm_ops.evaluation.monitoring.freshness import age_in_steps
from lstm_ops.evaluation.monitoring.live import Live, joined, live, of_versions
from lstm_ops.evaluation.monitoring.promise import promised, rmse_by_step
from lstm_ops.evaluation.monitoring.verdict import Measured
from lstm_ops.experiment import DriftWatch, Monitor

POINTS, STEPS, CUTOFFS = 40, 6, (20, 23, 37)
NEWEST = datetime(2026, 1, 2, 15, tzinfo=UTC)


def series_of(times: pd.Series, values: np.ndarray) -> Series:
    return check_series(RawSeries("hourly", times, pd.Series(values), None, "tests"))


@pytest.fixture(scope="module")
def hourly() -> Series:
    times = pd.Series(pd.date_range("2026-01-01", periods=POINTS, freq="h"))
    return series_of(times, np.random.default_rng(1).normal(size=POINTS))


def foretold(series: Series, version: int, cutoff: int) -> Forecasts:
    """From the point `cutoff` on; its own numbers for each version and cutoff."""
    rng = np.random.default_rng(100 * version + cutoff)
    forecast = rng.normal(size=STEPS)
    time = series.frame["t"].iloc[cutoff]
    times = pd.date_range(time, periods=STEPS + 1, freq="h")[1:]
    width = np.where(np.arange(STEPS) < 4, 1.0, np.nan)
    bounds = {"forecast": forecast, "lower": forecast - width, "upper": forecast + width}
    steps = pd.DataFrame({"time": times, **bounds})
    return Forecasts(series.name, version, "ridge", time, 0.8, NEWEST, steps)


@pytest.fixture(scope="module")
def table(hourly: Series) -> pd.DataFrame:
    made = [foretold(hourly, v, at).table() for v in (1, 2) for at in CUTOFFS]
    other = replace(foretold(hourly, 1, 20), series="another").table()
    return pd.concat([*made, made[0], other], ignore_index=True)  # one of them is there twice


def by_hand(series: Series, version: int, first: int) -> list[tuple[float, float, float, int]]:
    """(actual, forecast, value at the cutoff, step) of every target from point `first` on."""
    return [
        (series.values[at + k], f, series.values[at], k)
        for at in CUTOFFS
        for k, f in enumerate(foretold(series, version, at).steps["forecast"], 1)
        if first <= at + k < POINTS
    ]


def test_live_figures_are_those_of_one_line_of_numpy(hourly: Series, table: pd.DataFrame) -> None:
    found = live(of_versions(joined(table, hourly), [2]), POINTS, 15)
    assert found is not None
    actual, forecast, last, step = map(np.array, zip(*by_hand(hourly, 2, POINTS - 15), strict=True))
    rmse = np.sqrt(np.mean((actual - forecast) ** 2))
    assert len(found) == len(actual) == 9
    assert found.rmse == pytest.approx(rmse, rel=1e-14)
    assert found.skill == pytest.approx(1 - rmse / np.sqrt(np.mean((actual - last) ** 2)))
    assert found.bias == pytest.approx(np.mean(actual - forecast))
    assert found.bias_share == pytest.approx(np.mean(actual - forecast) / rmse)
    first = (actual - forecast)[step == 1]
    assert found.by_step[1] == pytest.approx(np.sqrt(np.mean(first**2)))
    inside = np.abs(actual - forecast)[step <= 4] <= 1
    assert (found.coverage, found.level) == (pytest.approx(np.mean(inside)), pytest.approx(0.8))
    assert found.intervals == len(inside)


def test_each_forecast_is_judged_once_and_only_where_its_target_is_known(
    hourly: Series, table: pd.DataFrame
) -> None:
    rows = joined(table, hourly)
    assert len(rows) == 2 * (6 + 6 + 2)
    assert not rows.duplicated(["cutoff", "version", "step"]).any()
    assert live(rows, POINTS, 15, after=POINTS) is None
    assert live(joined(table[:0], hourly), POINTS, 15) is None


def test_series_with_numbers_for_times_are_joined_as_well() -> None:
    numbered = series_of(pd.Series(np.linspace(2, 60, 50)), np.arange(50.0))
    times = numbered.frame["t"].iloc[31:34].reset_index(drop=True)
    steps = pd.DataFrame({"time": times, "forecast": 30.0, "lower": np.nan, "upper": np.nan})
    made = Forecasts("hourly", 1, "p", numbered.frame["t"].iloc[30], 0.9, NEWEST, steps)
    found = live(joined(made.table(), numbered), 50, 50)
    assert found is not None
    assert (found.rmse, found.skill) == (pytest.approx(np.sqrt(14 / 3)), pytest.approx(0))
    assert found.coverage is None


def test_numbers_are_the_same_times_however_a_model_has_added_them_up() -> None:
    """30 + 0.1 + 0.1 is 30.200000000000003; half a step off is another time."""
    tenths = series_of(pd.Series([i / 10 for i in range(400)]), np.arange(400.0))
    times = pd.Series(np.cumsum([30.0, *[0.1] * 8])[1:])
    assert sum(time in set(tenths.frame["t"]) for time in times) < 2
    steps = pd.DataFrame({"time": times, "forecast": 0.0, "lower": np.nan, "upper": np.nan})
    summed = Forecasts("hourly", 1, "p", np.nextafter(30, 31), 0.9, NEWEST, steps)
    astray = replace(summed, version=2, steps=steps.assign(time=times + 0.05))
    rows = joined(pd.concat([summed.table(), astray.table()]), tenths)
    assert (set(rows["version"]), list(rows["at"])) == ({1}, list(range(301, 309)))
    assert list(rows["actual"]) == list(map(float, rows["at"]))
    assert set(rows["last"]) == {300.0}


def test_the_promise_is_for_the_steps_as_they_occur() -> None:
    by_step = rmse_by_step([np.array([3.0, 4.0]), np.array([5.0])])
    np.testing.assert_allclose(by_step, [np.sqrt(12.5), 5])
    rows = pd.DataFrame({"version": [1, 1, 1, 2], "step": [1, 1, 9, 1]})
    assert promised({1: by_step}, rows) == pytest.approx(np.sqrt((12.5 + 12.5 + 25) / 3))
    assert promised({2: np.array([])}, rows) is None


@pytest.mark.parametrize(
    ("times", "now", "age"),
    [
        (pd.date_range("2026-01-01", periods=40, freq="h"), NEWEST + timedelta(hours=7), 7.0),
        (
            pd.date_range("2026-01-01", periods=40, freq="h"),
            datetime(2026, 1, 2, 18, tzinfo=timezone(timedelta(hours=2))),
            1.0,
        ),
        (pd.bdate_range("2026-01-01", periods=9), datetime(2026, 1, 19), 4.0),  # newest: Tuesday
        (pd.date_range("2026-01-01", periods=9, freq="MS"), datetime(2026, 10, 31), 1.97),
        (np.arange(9.0), datetime(2026, 1, 1), None),
    ],
)
def test_age_counts_in_steps_of_the_series(times: object, now: datetime, age: float | None) -> None:
    given = pd.Series(times)
    found = age_in_steps(series_of(given, np.arange(float(len(given)))), now)
    assert found == (None if age is None else pytest.approx(age, abs=0.01))


@pytest.fixture(scope="module")
def quiet() -> np.ndarray:
    return waves(2001)


def test_a_shift_of_level_is_seen_within_two_days_and_as_it_begins(quiet: np.ndarray) -> None:
    found = drift(waves(2001, "level", 3.0), SEEN, DriftWatch())
    calm = drift(quiet, SEEN, DriftWatch())
    assert found is not None
    assert calm is not None
    assert [watch.crossed for watch in calm.watches] == [None, None]
    assert found.level.crossed is not None
    assert START <= found.level.crossed < START + 48
    assert found.level.began is not None
    assert abs(found.level.began - START) <= 5
    np.testing.assert_array_equal(
        found.level.statistic[:START], calm.level.statistic[:START], "leaks from later points"
    )


def test_an_alarm_is_given_exactly_where_the_statistic_passes_the_threshold() -> None:
    found = drift(waves(2002, "variance", 2.0), SEEN, DriftWatch())
    assert found is not None
    watch = found.variance
    assert watch.crossed is not None
    assert START <= watch.crossed < START + 96
    known = watch.statistic[: watch.crossed + 1]
    assert known[-1] > watch.threshold >= known[:-1].max()
    assert np.isnan(watch.statistic[watch.crossed + 1 :]).all()


@pytest.mark.parametrize("units", [(1e6, 1.0), (-0.01, 1e3)])
def test_drift_knows_no_units(quiet: np.ndarray, units: tuple[float, float]) -> None:
    scale, offset = units
    few = DriftWatch(lags=32, reference=500)
    plain, scaled = drift(quiet, SEEN, few), drift(scale * quiet + offset, SEEN, few)
    assert plain is not None
    assert scaled is not None
    np.testing.assert_allclose(scaled.level.statistic, plain.level.statistic, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("values", [np.ones(400), np.arange(40.0)])
def test_where_no_error_can_be_a_measure_drift_is_not_judged(values: np.ndarray) -> None:
    assert drift(values, min(300, len(values) - 10), DriftWatch()) is None


def measured(hourly: Series, found: Live | None, promise: float, age: float) -> Measured:
    about = {"champion": "version 2 (ridge)", "version": "2", "seen": 30}
    return Measured(hourly, NEWEST, **about, live=found, promised=promise, age=age, drift=None)


def test_a_drift_is_the_same_alarm_wherever_late_rows_move_it(hourly: Series) -> None:
    level = Watch("level", 12.0, np.array([1.0, 9.0, 13.0]), crossed=2, began=1)
    calm = Watch("variance", 29.0, np.zeros(6), None, None)
    at = replace(measured(hourly, None, 1.0, 0.0), drift=Drift(level, calm, 8, 30))
    moved = replace(at, drift=Drift(replace(level, crossed=5), calm, 8, 30))
    (one,), (same,) = verdict.alarms(at, Monitor()), verdict.alarms(moved, Monitor())
    (other,) = verdict.alarms(replace(at, version="3"), Monitor())
    assert (one.since == same.since, one.identity == same.identity) == (False, True)
    assert one.identity != other.identity


@pytest.mark.parametrize(
    ("seen", "why"),
    [(0, "no observation is there"), (30, "30 points until the champion's cutoff: too few")],
)
def test_where_drift_cannot_be_told_the_table_says_why(hourly: Series, seen: int, why: str) -> None:
    unknown = replace(measured(hourly, None, 1.0, 0.0), seen=seen)
    rows = [r for r in verdict.table(unknown, Monitor(), []) if "drift" in str(r["measure"])]
    assert [row["measure"] for row in rows] == ["drift of level", "drift of variance"]
    assert all(str(row["state"]).startswith(f"– ({why}") for row in rows)
    assert len(verdict.table(unknown, Monitor(drift=None), [])) == 7


def test_alarms_need_enough_forecasts_and_more_than_is_allowed(
    hourly: Series, table: pd.DataFrame
) -> None:
    found = live(of_versions(joined(table, hourly), [2]), POINTS, 15)
    assert found is not None
    settings = Monitor(least=9, degraded=0.5, stale_steps=3)
    at_the_bound = measured(hourly, found, found.rmse / 1.5 * (1 + 1e-9), 3.0)
    assert verdict.alarms(at_the_bound, settings) == []
    beyond = replace(at_the_bound, promised=found.rmse / 1.5 * (1 - 1e-9), age=3.01)
    assert [a.kind for a in verdict.alarms(beyond, settings)] == ["stale", "degraded"]
    few = settings.model_copy(update={"least": 10})
    assert [a.kind for a in verdict.alarms(beyond, few)] == ["stale"]
    states = {row["measure"]: row["state"] for row in verdict.table(beyond, few, [])}
    assert states["live RMSE"] == "–"
