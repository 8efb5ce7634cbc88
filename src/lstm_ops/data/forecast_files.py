"""Forecasts in Parquet files: one for each series, cutoff and version."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

import pandas as pd

from lstm_ops import project
from lstm_ops.errors import InvalidExperiment, SourceUnavailable

UNSAFE = re.compile(r"[^A-Za-z0-9.+-]")


def path_of(table: pd.DataFrame, folder: str) -> Path:
    """`<folder>/airline/1960-12-01T00-00-00-v3.parquet`; the folder from the project's root."""
    series, cutoff, version = table.loc[0, ["series", "cutoff", "version"]]
    name = UNSAFE.sub("-", str(cutoff).replace(" ", "T"))
    return project.root() / Path(folder).expanduser() / str(series) / f"{name}-v{version}.parquet"


def shown(path: Path) -> str:
    """From the project's root, where it lies in there."""
    root = project.root()
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def keep(table: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, int]:
    """The rows in the file, and how many of them are new: none where it was there already."""
    if path.exists():
        return _read(path), 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = _publish(table, path)
    except (PermissionError, NotADirectoryError, FileExistsError, FileNotFoundError) as error:
        raise InvalidExperiment(
            f"forecast.folder: {shown(path.parent)} cannot be written to ({error.strerror}); name "
            "a folder that can, or mend its rights"
        ) from None
    except OSError as error:
        raise SourceUnavailable(
            f"{shown(path)} could not be written ({error.strerror}); nothing was left behind. "
            "See to the disk, then run again"
        ) from None
    return (table, len(table)) if new else (_read(path), 0)


def newest(series: str, folder: str, most: int) -> pd.DataFrame:
    """The rows of the `most` files that were written last; none where there are none."""
    place = project.root() / Path(folder).expanduser() / series
    files = list(place.glob("[!.]*.parquet")) if place.is_dir() else []
    files.sort(key=lambda path: (path.stat().st_mtime_ns, path.name))
    tables = [_read(path) for path in files[-most:]]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _publish(table: pd.DataFrame, path: Path) -> bool:
    """Write all of it or nothing; False where somebody else was quicker.

    The unfinished file's name starts with a dot: whoever reads the folder passes over those.
    """
    unfinished = path.with_name(f".{uuid.uuid4().hex}.parquet")
    try:
        with unfinished.open("xb") as file:
            table.to_parquet(file, index=False)
            file.flush()
            os.fsync(file.fileno())
        return _named(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _named(unfinished: Path, path: Path) -> bool:
    try:
        path.hardlink_to(unfinished)  # unlike a renaming, it never replaces what is there
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        unfinished.replace(path)
    return True


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except Exception as error:  # whatever the bytes lead pyarrow to
        raise SourceUnavailable(
            f"{shown(path)} is there and cannot be read ({type(error).__name__}); delete it, then "
            "run again"
        ) from None
