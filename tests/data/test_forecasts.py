"""Where forecasts are kept: all of one or nothing, once, whoever else writes at the same time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstm_ops.data import forecast_files, forecast_tables, store
from lstm_ops.data.forecasts import Forecasts, differences, read, write
from lstm_ops.errors import InvalidExperiment, SourceUnavailable
from lstm_ops.experiment import Forecast

COLUMNS = [
    "series",
    "version",
    "forecaster",
    "cutoff",
    "step",
    "time",
    "forecast",
    "lower",
    "upper",
    "level",
    "made_at",
]
MADE = datetime(2026, 5, 31, 13, 30, 1, 250, tzinfo=UTC)
DATED = Forecasts(
    series="airline",
    version=3,
    forecaster="linear",
    cutoff=pd.Timestamp("1960-12-01"),
    level=0.9,
    made_at=MADE,
    steps=pd.DataFrame(
        {
            "time": pd.to_datetime(["1961-01-01", "1961-02-01"]),
            "forecast": [450.5, 1 / 3],
            "lower": [400.0, np.nan],
            "upper": [500.0, np.nan],
        }
    ),
)
NUMBERED = replace(
    DATED, series="tutorial", cutoff=60.0, steps=DATED.steps.assign(time=[60.1, 60.2])
)
LATER = replace(DATED, made_at=MADE.replace(hour=20))
OTHERS = {
    "version": replace(DATED, version=10),
    "cutoff": replace(DATED, cutoff=pd.Timestamp("1961-01-01 06:30")),
}


@pytest.fixture(params=["files", "table"])
def place(request: pytest.FixtureRequest, home: Path, tmp_path: Path) -> Forecast:
    """Both kinds, for what has to hold of either."""
    del home
    if request.param == "files":
        return Forecast(folder=str(tmp_path / "kept"))
    return Forecast(url=f"sqlite:///{tmp_path / 'kept.db'}")


def held(place: Forecast) -> Any:
    """Everything that is there: bytes and times of files, rows of a table."""
    if place.url:
        with closing(sqlite3.connect(place.url.removeprefix("sqlite:///"))) as database:
            return database.execute(f"select * from {place.table} order by 1, 2, 4, 5").fetchall()
    files = sorted(path for path in Path(place.folder).rglob("*") if path.is_file())
    return [(str(path), path.stat().st_mtime_ns, path.read_bytes()) for path in files]


def test_rows_come_back_as_they_were_made(place: Forecast) -> None:
    write(DATED, place)
    again = write(LATER, place)
    assert list(again.table.columns) == COLUMNS
    pd.testing.assert_frame_equal(again.table, DATED.table(), check_dtype=False)
    steps = again.steps(DATED.steps["time"])
    pd.testing.assert_frame_equal(steps[DATED.steps.columns], DATED.steps)


def test_the_same_cutoff_and_version_change_nothing(place: Forecast) -> None:
    first = write(DATED, place)
    before = held(place)
    second = write(LATER, place)
    assert (first.new, second.new) == (2, 0)
    assert held(place) == before
    assert first.where == second.where


@pytest.mark.parametrize("what", OTHERS)
def test_another_version_or_cutoff_is_kept_beside_it(place: Forecast, what: str) -> None:
    write(DATED, place)
    before = held(place)
    assert write(OTHERS[what], place).new == 2
    assert set(before) < set(held(place))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (LATER, ""),
        (replace(DATED, level=0.8), "2 steps at level 0.9, and 2 at 0.8 were asked for"),
        (replace(DATED, steps=DATED.steps.head(1)), "and 1 at 0.9 were asked for"),
        (
            replace(DATED, steps=DATED.steps.assign(forecast=[451.0, 1 / 3])),
            "the history has been changed since",
        ),
    ],
)
def test_what_stays_is_told_apart_from_what_was_asked(
    place: Forecast, other: Forecasts, words: str
) -> None:
    write(DATED, place)
    before = held(place)
    kept = write(other, place)
    assert kept.new == 0
    assert held(place) == before
    said = differences(kept, other)
    assert words in said
    assert bool(words) == bool(said)


def test_the_folder_is_one_table_whatever_the_times_of_its_series(
    home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    for forecasts in (DATED, NUMBERED, *OTHERS.values()):
        write(forecasts, Forecast(folder=str(folder)))
    (folder / "airline" / ".half.parquet").write_bytes(b"PAR1")  # somebody is writing
    whole = pd.read_parquet(folder)
    assert len(whole) == 8
    assert {p.name for p in (folder / "airline").glob("[0-9]*")} == {
        "1960-12-01T00-00-00-v3.parquet",
        "1960-12-01T00-00-00-v10.parquet",
        "1961-01-01T06-30-00-v3.parquet",
    }
    assert (folder / "tutorial" / "60.0-v3.parquet").is_file()
    write(DATED, Forecast(folder="elsewhere"))
    assert (home / "elsewhere" / "airline").is_dir()


def test_a_file_that_came_first_is_never_replaced(home: Path, tmp_path: Path) -> None:
    """Both looked when there was none."""
    del home
    path = tmp_path / "there.parquet"
    path.write_bytes(b"first")
    assert not forecast_files._publish(DATED.table(), path)
    assert path.read_bytes() == b"first"
    assert [p.name for p in tmp_path.iterdir()] == ["there.parquet"]


def test_rows_that_came_first_stay_and_are_given(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process writes between the look and the insertion; both find no table before."""
    del home
    place = Forecast(url=f"sqlite:///{tmp_path / 'kept.db'}")
    looked, first = forecast_tables._rows, replace(LATER, forecaster="quicker")

    def beaten(*arguments: Any) -> pd.DataFrame:
        found = looked(*arguments)
        monkeypatch.setattr(forecast_tables, "_rows", looked)
        write(first, place)
        return found

    monkeypatch.setattr(forecast_tables, "_rows", beaten)
    kept = write(DATED, place)
    assert kept.new == 0
    assert set(kept.table["forecaster"]) == {"quicker"}
    assert len(held(place)) == 2


def test_a_row_that_is_refused_takes_the_others_with_it(home: Path, tmp_path: Path) -> None:
    del home
    place = Forecast(url=f"sqlite:///{tmp_path / 'kept.db'}")
    no_number = replace(DATED, steps=DATED.steps.assign(forecast=[450.5, np.nan]))
    with pytest.raises(SourceUnavailable, match="nothing was written"):
        write(no_number, place)
    assert held(place) == []


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("ann:secret@host/forecasts", InvalidExperiment, "none that SQLAlchemy reads"),
        ("postgresql://ann:secret@host:port/x", InvalidExperiment, "none that SQLAlchemy reads"),
        ("nodb://ann:secret@host/x", InvalidExperiment, "nothing that is installed speaks nodb"),
        ("postgresql+asyncpg://ann:secret@host/x", InvalidExperiment, "asynchronous driver"),
        ("sqlite://", InvalidExperiment, "in memory"),
        ("sqlite:////nowhere/secret.db", SourceUnavailable, "unable to open database file"),
        ("", InvalidExperiment, "FORECASTS_URL, which is not set"),
    ],
)
def test_a_database_that_cannot_be_is_told_without_its_password(
    home: Path, monkeypatch: pytest.MonkeyPatch, url: str, error: type[Exception], words: str
) -> None:
    del home
    monkeypatch.setenv("FORECASTS_URL", url)
    with pytest.raises(error, match=words) as raised:
        write(DATED, Forecast(url_from="FORECASTS_URL"))
    assert "ann:secret" not in str(raised.value)
    assert ":secret" not in str(raised.value)


def test_a_path_in_a_url_counts_from_the_root(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(DATED, Forecast(url="sqlite:///from-root.db"))
    assert (home / "from-root.db").is_file()


def test_a_file_in_the_way_of_the_folder_is_the_users_to_move(home: Path, tmp_path: Path) -> None:
    del home
    (tmp_path / "kept").write_text("no folder")
    with pytest.raises(InvalidExperiment, match=r"forecast\.folder"):
        write(DATED, Forecast(folder=str(tmp_path / "kept")))


def test_the_series_store_keeps_them_in_the_table_of_its_own(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del home
    monkeypatch.setenv("LSTM_OPS_STORE", f"sqlite:///{tmp_path / 'series.db'}")
    first, second = (write(DATED, Forecast(store=True)) for _ in range(2))
    assert (first.new, second.new) == (2, 0)
    assert second.where == f"sqlite:///{tmp_path / 'series.db'}, table forecasts"
    assert store.schema_version().database == store.schema_version().code


@pytest.mark.parametrize("place", ["files", "table"])
def test_forecasts_are_read_back_as_they_were_written(
    place: str, home: Path, tmp_path: Path
) -> None:
    del home
    where = {
        "files": Forecast(folder=str(tmp_path / "kept")),
        "table": Forecast(url=f"sqlite:///{tmp_path / 'kept.db'}"),
    }[place]
    assert read(where, "airline").empty
    assert not list(tmp_path.iterdir())  # looking makes nothing
    for forecasts in (DATED, *OTHERS.values(), NUMBERED):
        write(forecasts, where)
    found = read(where, "airline").sort_values(["version", "cutoff", "step"], ignore_index=True)
    tables = [f.table() for f in (DATED, *OTHERS.values())]
    wanted = pd.concat(tables).sort_values(["version", "cutoff", "step"], ignore_index=True)
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)


@pytest.mark.parametrize("place", ["files", "table"])
def test_of_many_forecasts_the_newest_are_read(
    place: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del home
    where = {
        "files": Forecast(folder=str(tmp_path / "kept")),
        "table": Forecast(url=f"sqlite:///{tmp_path / 'kept.db'}"),
    }[place]
    for day in (1, 2, 3):
        cutoff, made = pd.Timestamp(1961, 1, day), MADE.replace(day=day)
        write(replace(DATED, cutoff=cutoff, made_at=made), where)
    monkeypatch.setattr("lstm_ops.data.forecasts.MOST_READ", 2)
    assert set(read(where, "airline")["cutoff"]) == {"1961-01-02 00:00:00", "1961-01-03 00:00:00"}
