"""Tables and queries of the user's: rows in order, or a sentence that says what is wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lstm_ops.data import arrivals
from lstm_ops.data.contract import check_series
from lstm_ops.data.history import load_history
from lstm_ops.data.sources import load_raw
from lstm_ops.errors import InvalidExperiment, InvalidInput, InvalidSeries, UnreadableSeries
from lstm_ops.experiment import Experiment, SqlArrivals
from lstm_ops.experiment.files import build

NOW = datetime(2026, 2, 1)
TIMES = pd.date_range("2026-01-01", periods=20, freq="D")


@pytest.fixture
def database(home: Path, tmp_path: Path) -> Path:
    del home
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as connection:
        shuffled = pd.DataFrame({"day": TIMES.astype(str), "sold": range(20)})
        shuffled.sample(frac=1, random_state=1).to_sql("sales", connection, index=False)
        numbered = pd.DataFrame({"day": [str(n) for n in range(20)], "sold": range(20)})
        numbered.to_sql("numbered", connection, index=False)  # numbers as text: 9 after 10
        shuffled.head(0).to_sql("nothing", connection, index=False)
    return path


def experiment(database: Path, **source: Any) -> Experiment:
    where = {"url": f"sqlite:///{database}", "time": "day", "value": "sold"}
    content = {
        "series": "sales",
        "source": {"kind": "sql", **where, **source},
        "forecasters": [{"kind": "linear"}],
    }
    return build(content, {}, "tests")


@pytest.mark.parametrize(
    "source", [{"table": "sales"}, {"query": "select day, sold from sales"}, {"table": "numbered"}]
)
@pytest.mark.parametrize("newest", [None, 12])
def test_rows_come_in_the_order_of_time(
    database: Path, source: dict[str, str], newest: int | None
) -> None:
    before = database.read_bytes()
    series = check_series(load_raw(experiment(database, **source, newest=newest)))
    assert list(series.values) == [float(n) for n in range(20 - (newest or 20), 20)]
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    ("missing", "points"),
    [((), 20), ((5,), 14), ((7,), 12), ((0, 2, 3), 16)],  # 8 to 19 are the newest 12
)
def test_history_goes_on_before_the_newest_rows_back_to_the_last_gap(
    database: Path, missing: tuple[int, ...], points: int
) -> None:
    without(database, missing)
    found = load_history(experiment(database, table="sales", newest=12))
    assert list(check_series(found).values) == [float(n) for n in range(20 - points, 20)]


def test_a_gap_among_the_newest_rows_is_refused_in_their_history_as_well(database: Path) -> None:
    without(database, (5, 12))
    with pytest.raises(InvalidSeries, match="one step after the one before: broken by 1 row"):
        check_series(load_history(experiment(database, table="sales", newest=12)))


def without(database: Path, days: tuple[int, ...]) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany("delete from sales where sold = ?", [(day,) for day in days])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"table": "sale"}, r"no such table; there are: nothing, numbered, sales\."),
        ({"table": "sales", "value": "price"}, "no column 'price'; there are: 'day', 'sold'"),
        ({"query": "select day from sales"}, "no column 'sold'; there are: 'day'"),
        ({"table": "nothing"}, "no rows"),
        ({"query": "drop table sales"}, "a query may only read"),
        ({"table": "sales", "url": "sqlite:///nowhere.db"}, "no such database file"),
    ],
)
def test_what_cannot_be_read_is_told(database: Path, source: dict[str, str], words: str) -> None:
    with pytest.raises(UnreadableSeries, match=words):
        load_raw(experiment(database, **source))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("update sales set sold = 'n.v.' where sold > 15", "column 'sold': value is a number"),
        ("update sales set sold = null where sold = 3", "column 'sold': value is present"),
        ("update sales set day = '{\"d\": 1}' where sold < 9", "time is a number or a date"),
    ],
)
def test_a_column_whose_type_changed_breaks_the_contract(
    database: Path, change: str, words: str
) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(change)
    with pytest.raises(InvalidSeries, match=words):
        check_series(load_raw(experiment(database, table="sales")))


def test_the_database_may_be_named_by_a_variable(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = experiment(database, url=None, url_from="THEIR_DATABASE", table="sales")
    with pytest.raises(InvalidExperiment, match="THEIR_DATABASE, which is not set"):
        load_raw(recipe)
    monkeypatch.setenv("THEIR_DATABASE", f"sqlite:///{database}")
    assert len(load_raw(recipe).values) == 20


@pytest.mark.parametrize(
    "source",
    [
        {"table": "sales", "query": "select 1"},
        {"table": "sales; drop table sales"},
        {},
        {"url": "postgresql://ann:secret@host/x", "table": "sales"},
    ],
)
def test_a_source_that_contradicts_itself_is_refused(
    database: Path, source: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput):
        experiment(database, **source)


@pytest.mark.parametrize("source", [{"table": "nothing"}, {"query": 'select * from "nothing"'}])
def test_no_rows_are_no_delivery(database: Path, source: dict[str, str]) -> None:
    wanted = {"url": f"sqlite:///{database}", "time": "day", "value": "sold", **source}
    assert arrivals.look(SqlArrivals.model_validate({"kind": "sql", **wanted}), "sales", NOW) == []
