"""The migrated database that new servers start from."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from lstm_ops.stack import template


def test_a_kept_database_is_copied_with_what_is_still_in_its_write_ahead_log(root: Path) -> None:
    with closing(sqlite3.connect(root / "first.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE block_type (name)")
        database.commit()
        assert not template.copy_to(root / "second.db")
        template.keep(root / "first.db")
    assert template.copy_to(root / "second.db")
    with closing(sqlite3.connect(root / "second.db")) as copy:
        assert copy.execute("SELECT name FROM sqlite_master").fetchall() == [("block_type",)]


def test_a_database_that_is_there_is_left_alone(root: Path) -> None:
    sqlite3.connect(root / "first.db").close()
    template.keep(root / "first.db")
    (root / "mine.db").write_text("mine")
    assert not template.copy_to(root / "mine.db")
    assert (root / "mine.db").read_text() == "mine"
