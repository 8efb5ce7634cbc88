"""What arrives, row by row and file by file: taken once, refused with a reason, or left alone."""

from __future__ import annotations

import os
import shutil
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_ops.data import arrivals, batches, drop_folder, intake, store
from lstm_ops.data import raw as raw_series
from lstm_ops.data.contract import check_series
from lstm_ops.data.gaps import stored_gaps
from lstm_ops.data.grid import grid_of
from lstm_ops.data.intake import Outcome
from lstm_ops.data.raw import RawSeries
from lstm_ops.data.sources import load_raw
from lstm_ops.errors import InvalidExperiment, InvalidSeries, SourceUnavailable
from lstm_ops.experiment import Ingest
from lstm_ops.experiment.files import build
from lstm_ops.experiment.ingest import STATIONARY, SyntheticArrivals

NOW = datetime(2026, 1, 2, 0, 30)
HOURS = pd.Series(pd.date_range("2026-01-01", periods=24, freq="h"))
HEADER = "Time,Value\n"


@pytest.fixture(autouse=True)
def _own_store(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del home
    monkeypatch.setenv(store.VARIABLE, f"sqlite:///{tmp_path / 'series.db'}?timeout=0.1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


def settings(folder: Path, **more: Any) -> Ingest:
    place = {"kind": "folder", "path": str(folder), "time": "Time", "value": "Value"}
    return Ingest.model_validate({"arrivals": place, **more})


def drop(folder: Path, name: str, content: str | bytes, *, settled: bool = True) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if settled:
        os.utime(path, (time.time() - 60, time.time() - 60))
    return path


def csv(rows: pd.Series, first: float = 0.0) -> str:
    return HEADER + "".join(f"{t},{first + i}\n" for i, t in enumerate(rows))


def parquet(path: Path) -> bytes:
    pd.DataFrame({"Time": HOURS[:2], "Value": [0.0, 1.0]}).to_parquet(path)
    content = path.read_bytes()
    path.unlink()
    return content


def take_all(folder: Path, **more: Any) -> dict[str, Outcome]:
    chosen = settings(folder, **more)
    found = arrivals.look(chosen.arrivals, "live", NOW)
    return {d.origin: intake.take(d, chosen, "live", NOW) for d in found}


def files(folder: Path) -> list[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def test_files_are_taken_and_move_on(folder: Path, tmp_path: Path) -> None:
    drop(folder, "a.csv", csv(HOURS[:6]))
    drop(folder, "b.csv", csv(HOURS[3:9], first=3.0))
    drop(folder, "c.parquet", parquet(tmp_path / "c.parquet"))
    outcomes = take_all(folder)
    assert {o.state for o in outcomes.values()} == {"taken"}
    assert [(o.read, o.new, o.there_already) for o in outcomes.values()] == [
        (6, 6, 0),
        (6, 3, 3),
        (2, 0, 2),
    ]
    assert files(folder) == ["taken/a.csv", "taken/b.csv", "taken/c.parquet"]
    assert list(store.observations("live")["y"]) == [float(n) for n in range(9)]
    drop(folder, "a.csv", csv(HOURS[:6]))  # the same name again
    assert take_all(folder)["a.csv"].there_already == 6
    assert files(folder)[:2] == ["taken/a-2.csv", "taken/a.csv"]


BAD = {
    "binary.csv": (b"PK\x03\x04\0\0\xff", "binary data"),
    "latin.csv": ("Time,Value\nMärz,1\n".encode("latin-1"), "utf-8"),
    "headless.csv": (csv(HOURS[:3]).removeprefix(HEADER), "no column 'Time' or 'Value'"),
    "columns.csv": ("Time,Price\n2026-01-01,1\n", "no column 'Value'"),
    "fields.csv": ("Time,Value\n2026-01-01,1,234\n", "not a readable csv"),
    "broken.parquet": (b"nothing of the kind", "not a readable parquet"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_such_file_is_refused_with_the_reason_and_keeps_no_other_out(
    folder: Path, name: str
) -> None:
    content, words = BAD[name]
    drop(folder, name, content)
    drop(folder, "z.csv", csv(HOURS[:3]))
    outcomes = take_all(folder)
    assert (outcomes[name].state, outcomes["z.csv"].new) == ("refused", 3)
    assert words in outcomes[name].why
    assert files(folder) == [f"refused/{name}", "taken/z.csv"]
    (told,) = store.rejected_rows("live").to_dict("records")
    assert (told["origin"], told["reason"]) == (name, outcomes[name].why)


def test_what_is_not_finished_waits(folder: Path, tmp_path: Path) -> None:
    drop(folder, "half.csv", csv(HOURS[:3])[:-2])
    drop(folder, "half.parquet", parquet(tmp_path / "x.parquet")[:-10])
    drop(folder, "empty.csv", "")
    drop(folder, "young.csv", csv(HOURS[:3]), settled=False)
    for name in (".hidden.csv", "upload.part", "upload.tmp"):
        drop(folder, name, csv(HOURS[:3]))
    before = files(folder)
    outcomes = take_all(folder)
    assert {name: o.state for name, o in outcomes.items()} == dict.fromkeys(
        ("half.csv", "half.parquet", "empty.csv", "young.csv"), "waiting"
    )
    assert "half-written" in outcomes["half.csv"].why
    assert "a moment ago" in outcomes["young.csv"].why
    assert files(folder) == before
    assert store.count("live") == 0
    drop(folder, "half.csv", csv(HOURS[:3]))
    assert take_all(folder)["half.csv"].new == 3


def test_a_run_that_died_before_the_file_moved_did_no_harm(folder: Path) -> None:
    drop(folder, "a.csv", csv(HOURS[:3]))
    take_all(folder)
    shutil.move(folder / "taken" / "a.csv", folder / "a.csv")
    assert take_all(folder)["a.csv"].there_already == 3
    assert files(folder) == ["taken/a.csv"]


def test_a_file_that_grows_while_it_is_read_is_read_again(folder: Path) -> None:
    path = drop(folder, "a.csv", csv(HOURS[:3]))
    chosen = settings(folder)
    (delivery,) = arrivals.look(chosen.arrivals, "live", NOW)
    drop(folder, "a.csv", csv(HOURS[:5]))
    assert "read again" in intake.take(delivery, chosen, "live", NOW).why
    assert path.is_file()
    assert take_all(folder)["a.csv"].state == "taken"
    assert store.count("live") == 5


def test_a_store_that_is_held_leaves_the_file_and_the_next_run_carries_on(
    folder: Path, tmp_path: Path
) -> None:
    import sqlite3
    from contextlib import closing

    store.migrated_url()
    drop(folder, "a.csv", csv(HOURS[:3]))
    with closing(sqlite3.connect(tmp_path / "series.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(SourceUnavailable):
            take_all(folder)
        other.execute("rollback")
    assert files(folder) == ["a.csv"]
    assert take_all(folder)["a.csv"].new == 3


def test_two_runs_over_one_folder_take_each_row_once(folder: Path) -> None:
    drop(folder, "a.csv", csv(HOURS[:3]))
    chosen = settings(folder)
    (delivery,) = arrivals.look(chosen.arrivals, "live", NOW)
    assert intake.take(delivery, chosen, "live", NOW).state == "taken"
    assert "gone" in intake.take(delivery, chosen, "live", NOW).why
    assert drop_folder.move(delivery.file, "taken") == ""  # type: ignore[arg-type]
    assert files(folder) == ["taken/a.csv"]


def test_bad_rows_are_told_and_too_many_of_them_keep_all_out(folder: Path) -> None:
    bad = "2026-01-01 20:00:00,\n,5\n2026-01-01 21:00:00,1.2.3\nnoon,1\n2026-01-01 22:00:00,inf\n"
    off = "2026-01-01 05:30:00,1\n2026-01-02 02:00:00,1\n"
    drop(folder, "a.csv", csv(HOURS[:12]) + bad + off)
    refused = take_all(folder, most_rejected=0.3)["a.csv"]
    assert refused.state == "refused"
    assert "7 of 19 rows are bad, more than 30%" in refused.why
    assert store.count("live") == 0
    told = store.rejected_rows("live").sort_values("row")
    assert list(told["row"]) == [13, 14, 15, 16, 17, 18, 19]
    assert [reason.partition(": ")[2] for reason in told["reason"]][:5] == [
        "value is present",
        "time is present",
        "value is a number",
        "time is a number or a date",
        "value is finite",
    ]
    assert "off the grid of the series, whose step is 3600 second" in told["reason"].iloc[5]
    assert "in the future; times without a zone" in told["reason"].iloc[6]
    shutil.move(folder / "refused" / "a.csv", folder / "a.csv")
    taken = take_all(folder, most_rejected=0.4)["a.csv"]
    assert (taken.state, taken.new, taken.noticed) == ("taken", 12, 0)


def test_a_row_of_the_future_is_the_same_rejected_row_at_every_look() -> None:
    early = [
        batches.check(raw(["2026-03-01"]), HOURS, datetime(2026, 1, 2, hour)) for hour in (1, 9)
    ]
    assert len(early[0].rejected) == 1
    assert early[0].rejected == early[1].rejected


def test_years_before_1677_are_times_like_others(folder: Path) -> None:
    years = [f"{year}-01-01" for year in range(1600, 2020, 20)]
    drop(folder, "a.csv", csv(pd.Series(years)))
    assert take_all(folder)["a.csv"].new == len(years)
    kept = store.observations("live")["t"]
    assert list(kept.dt.year) == list(range(1600, 2020, 20))


@pytest.mark.skipif(sys.platform != "linux", reason="names are UTF-8 there")
def test_a_name_that_is_no_utf_8_is_told_escaped(folder: Path) -> None:
    drop(folder, os.fsdecode(b"a\xff.csv"), csv(HOURS[:3]))
    drop(folder, os.fsdecode(b"b\xff.csv"), "nothing of the kind\n")
    outcomes = take_all(folder)
    assert {name: o.state for name, o in outcomes.items()} == {
        r"a\xff.csv": "taken",
        r"b\xff.csv": "refused",
    }
    assert files(folder) == [os.fsdecode(b"refused/b\xff.csv"), os.fsdecode(b"taken/a\xff.csv")]


def test_an_error_that_nobody_foresaw_refuses_one_file_and_keeps_no_other_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = batches.check

    def stumbles(rows: RawSeries, *rest: Any) -> Any:
        if rows.where == "a.csv":
            raise OverflowError("at https://ann:secret@host/x")
        return check(rows, *rest)

    monkeypatch.setattr(batches, "check", stumbles)
    drop(folder, "a.csv", csv(HOURS[:3]))
    drop(folder, "b.csv", csv(HOURS[:3]))
    outcomes = take_all(folder)
    assert (outcomes["a.csv"].state, outcomes["b.csv"].new) == ("refused", 3)
    assert "(OverflowError: at https://host/x)" in outcomes["a.csv"].why
    assert files(folder) == ["refused/a.csv", "taken/b.csv"]


def test_a_row_far_before_all_others_is_mistyped_and_history_is_not(folder: Path) -> None:
    drop(folder, "a.csv", csv(HOURS[12:]))
    assert take_all(folder)["a.csv"].new == 12
    early = pd.Series([pd.Timestamp("1976-01-01 09:00"), pd.Timestamp("2025-12-31 23:00")])
    drop(folder, "b.csv", csv(pd.concat([early, HOURS[:12]])))  # 13 h before: back to back
    taken = take_all(folder)["b.csv"]
    assert (taken.new, [row.row for row in taken.rejected]) == (13, [1])
    assert "before the first stored one (2026-01-01 12:00:00)" in taken.rejected[0].reason
    years = pd.Series(pd.date_range("2023-01-01", periods=30, freq="h"))
    drop(folder, "c.csv", csv(years))  # more than there are: they are the series
    assert take_all(folder)["c.csv"].new == 30


def test_a_gap_in_the_store_is_refused_with_what_to_do_in_the_store(
    folder: Path, tmp_path: Path
) -> None:
    drop(folder, "a.csv", csv(HOURS.drop([4, 9])))
    take_all(folder)
    content = {"series": "live", "source": {"kind": "sql"}, "forecasters": [{"kind": "linear"}]}
    recipe = build(content, {}, "tests")
    found = stored_gaps(recipe)
    assert found is not None
    assert (found.count, found.after, found.before) == (
        2,
        "2026-01-01 03:00:00",
        "2026-01-01 05:00:00",
    )
    assert stored_gaps(build(content, {"source.newest": 14}, "tests")) is None
    raw_series.save(load_raw(recipe), tmp_path / "raw.parquet")
    with pytest.raises(InvalidSeries, match=r"Remedy: ingest the missing rows.*source\.newest"):
        check_series(raw_series.read(tmp_path / "raw.parquet"))


def raw(times: Any) -> RawSeries:
    return RawSeries("live", pd.Series(times), pd.Series(np.ones(len(times))), "here")


def test_times_of_another_kind_than_those_that_are_there_are_rejected() -> None:
    found = batches.check(raw([1.0, 2.0]), HOURS, NOW)
    assert found.rows.empty
    assert {r.reason for r in found.rejected} == {
        "its time is a number; those of the series are dates"
    }


def test_a_number_that_rounding_has_moved_is_the_one_that_is_there() -> None:
    known = pd.Series(np.linspace(2, 60, 5000))
    found = batches.check(raw([f"{t:.9f}" for t in known[3:8]] + ["2.005"]), known, NOW)
    assert list(found.rows["t"]) == list(known[3:8])
    assert [r.row for r in found.rejected] == [6]


@pytest.mark.parametrize("known", [0, 1000, 2000, 5000])
@pytest.mark.parametrize("write", [repr, "{:.8f}".format])
def test_rounded_numbers_stay_on_the_grid_however_far_they_are(known: int, write: Any) -> None:
    """58 / 4999 apart, with eight decimals, as the contract takes them."""
    times = pd.Series([float(write(float(t))) for t in np.linspace(2, 60, 5000)])
    step = 58 / 4999
    off = [2 - 99.5 * step, 60 + 500.5 * step]
    found = batches.check(raw([*times, *off]), times[:known], NOW)
    assert [r.row for r in found.rejected] == [5001, 5002]
    assert list(found.rows["t"]) == list(times)


def test_half_a_step_off_is_off_at_any_distance() -> None:
    grid = grid_of(pd.Series(np.arange(8.0)))
    assert grid is not None
    assert grid.holds(pd.Series([1e8, 1e8 + 0.5])).tolist() == [True, False]


def test_a_step_of_three_times_binds_no_later_row() -> None:
    """Three hours in a row, and days from then on: from eight times on what most say counts."""
    hours = pd.Series(pd.date_range("2025-01-01", periods=3, freq="h"))
    days = pd.Series(pd.date_range("2025-01-02 00:30", periods=30, freq="D"))
    assert batches.check(raw(days[:4]), hours, NOW).rejected == ()
    seven = pd.concat([hours, days[:4]], ignore_index=True)
    assert batches.check(raw(days[4:]), seven, NOW).rejected == ()
    summer = [*days[8:12], days[12] + pd.Timedelta("1h")]
    (off,) = batches.check(raw(summer), days[:8], NOW).rejected
    assert (off.row, "the clock changes of a time zone do this" in off.reason) == (5, True)
    (off,) = batches.check(raw(["2026-01-01 05:30"]), HOURS[:8], NOW).rejected
    assert "time zone" not in off.reason


GRIDS = {
    "hours": pd.date_range("2026-01-01", periods=60, freq="h"),
    "months": pd.date_range("2020-01-01", periods=60, freq="MS"),
    "month ends": pd.date_range("2020-01-31", periods=60, freq="ME"),
    "business days": pd.bdate_range("2026-01-01", periods=60),
    "numbers": np.linspace(2, 3, 60),
}


@pytest.mark.parametrize("kind", GRIDS)
@given(data=st.data())
def test_a_grid_known_from_some_rows_holds_all_others(kind: str, data: st.DataObject) -> None:
    """Late rows and gaps are no fault; what lies between two steps is."""
    times = pd.Series(GRIDS[kind])
    gaps = data.draw(st.sets(st.integers(3, 59), max_size=12))
    grid = grid_of(times.drop(index=sorted(gaps)).sample(frac=1, random_state=1))
    assert grid is not None
    assert grid.holds(times).all()
    between = times[:-1] + (times.diff().iloc[1:].reset_index(drop=True) / 3)
    assert not grid.holds(between).any()


def test_three_months_may_be_steps_of_31_days_or_of_a_month() -> None:
    grid = grid_of(pd.Series(pd.to_datetime(["2026-07-01", "2026-08-01", "2026-09-01"])))
    assert grid is not None
    assert grid.holds(pd.Series(pd.to_datetime(["2026-10-01", "2026-10-05"]))).tolist() == [
        True,
        False,
    ]


def test_a_month_between_two_quarters_is_off_their_grid() -> None:
    grid = grid_of(pd.Series(pd.date_range("2024-01-01", periods=9, freq="QS")))
    assert grid is not None
    months = pd.Series(pd.to_datetime(["2026-07-01", "2026-08-01", "2023-10-01"]))
    assert grid.holds(months).tolist() == [True, False, True]


def test_generated_points_are_due_with_the_clock_and_go_on_from_any() -> None:
    source = SyntheticArrivals(
        kind="synthetic", begins=datetime(2026, 1, 1), every=3600, waves=STATIONARY
    )
    at = datetime.fromisoformat
    whole = arrivals.due(source, "live", None, at("2026-01-03T05:59"))
    assert len(whole.values) == 54
    rest = arrivals.due(source, "live", pd.Timestamp("2026-01-02"), at("2026-01-03T05:00"))
    assert rest.times is not None
    assert rest.times.iloc[0] == pd.Timestamp("2026-01-02 01:00")
    np.testing.assert_array_equal(rest.values, whole.values[25:])
    for newest, now in ((None, "2025-12-31"), (rest.times.iloc[-1], "2026-01-03T05:30")):
        assert arrivals.due(source, "live", newest, at(now)).values.empty


def test_without_its_folder_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidExperiment, match=r"there is no folder .*nowhere; make it"):
        take_all(tmp_path / "nowhere")
