"""An empty Prefect database, migrated once per version of Prefect and copied from then on.

Making the tables takes 5 of the 10 seconds of CPU that a server with a new database needs.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from importlib import metadata
from pathlib import Path

from lstm_ops import project


def path() -> Path:
    return project.state_folder() / f"prefect-{metadata.version('prefect')}.db"


def copy_to(database: Path) -> bool:
    """Whether there was a template to make that database from. Leaves one that exists alone."""
    if database.exists() or not path().is_file():
        return False
    shutil.copyfile(path(), database)
    return True


def keep(database: Path) -> None:
    """Makes the template of a server's database in which nothing has been recorded yet."""
    draft = path().with_suffix(f".{os.getpid()}")
    source_uri = f"file:{database}?mode=ro"
    with (
        closing(sqlite3.connect(source_uri, uri=True)) as source,
        closing(sqlite3.connect(draft)) as target,
    ):
        source.backup(target)
    draft.replace(path())
