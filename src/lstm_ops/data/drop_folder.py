"""A folder into which others drop files: which are finished, and where those go that are done."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lstm_ops import project
from lstm_ops.data import files
from lstm_ops.data.raw import RawSeries
from lstm_ops.errors import InvalidExperiment, UnreadableSeries
from lstm_ops.experiment import FileSource, FolderArrivals

UNFINISHED = (".part", ".tmp")
PARQUET_MARK = b"PAR1"  # first and last bytes of a whole file
Place = Literal["taken", "refused"]


@dataclass(frozen=True)
class Dropped:
    """A file, and by what one can tell that it was changed. `waits`: why it is not read yet."""

    path: Path
    mark: tuple[int, int, int]
    waits: str = ""

    @property
    def name(self) -> str:
        """For tables and messages: bytes that are no UTF-8 escaped, as in `a\\xff.csv`."""
        return os.fsencode(self.path.name).decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class Content:
    """What a file holds, or why it is not read yet."""

    raw: RawSeries | None
    waits: str = ""


def look(arrivals: FolderArrivals) -> list[Dropped]:
    """The files that are there, the oldest first. Raises `InvalidExperiment` without a folder."""
    folder = project.root() / Path(arrivals.path).expanduser()
    if not folder.is_dir():
        raise InvalidExperiment(
            f"ingest.arrivals.path: there is no folder {folder}; make it, or name another"
        )
    found = sorted(_files(folder, arrivals.settle_seconds), key=lambda f: (f.mark[2], f.path.name))
    return list(found)


def read(dropped: Dropped, arrivals: FolderArrivals, series: str) -> Content:
    """Raises `UnreadableSeries` where it is no such file, or without the columns."""
    try:
        content = dropped.path.read_bytes()
    except FileNotFoundError:
        return Content(None, "it is gone; another run may have taken it")
    except OSError as error:
        raise UnreadableSeries(f"{dropped.name}: cannot be read ({error.strerror})") from None
    if waits := _half_written(dropped.path, content):
        return Content(None, waits)
    source = FileSource(kind="file", path=dropped.name, time=arrivals.time, value=arrivals.value)
    return Content(files.as_series(content, source, series, dropped.name))


def move(dropped: Dropped, place: Place) -> str:
    """Out of the way, under a name that is free there; where it could not, why.

    Whoever changed the file meanwhile has it read again; what was taken is not taken twice.
    """
    try:
        if _mark(dropped.path) != dropped.mark:
            return "it was changed while it was read, and is read again"
        folder = dropped.path.parent / place
        folder.mkdir(exist_ok=True)
        _move(dropped.path, folder)
    except FileNotFoundError:
        return ""  # another run was quicker
    except OSError as error:
        return f"it could not be moved to {place}/ ({error.strerror}); mend the folder's rights"
    return ""


def _files(folder: Path, settle_seconds: int) -> Iterator[Dropped]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name.endswith(UNFINISHED) or not path.is_file():
            continue
        mark = _mark(path)
        # Another machine's clock may be ahead of ours.
        settled = abs(time.time() - mark[2] / 1e9) >= settle_seconds
        yield Dropped(path, mark, "" if settled else "it was changed a moment ago")


def _half_written(path: Path, content: bytes) -> str:
    if not content.strip():
        return "it is empty; it may not be written yet"
    if path.name.endswith(files.PARQUET):
        whole = not content.startswith(PARQUET_MARK) or content.endswith(PARQUET_MARK)
        return "" if whole else "it has no end; it may be half-written"
    if content.endswith((b"\n", b"\r")) or b"\0" in content:
        return ""
    return "its last line has no end; it may be half-written. If it is whole, end it with a newline"


def _mark(path: Path) -> tuple[int, int, int]:
    about = path.stat()
    return about.st_ino, about.st_size, about.st_mtime_ns


def _move(path: Path, folder: Path) -> None:
    """A renaming would replace what is there; the name is made first, which can only one do."""
    number, target = 1, folder / path.name
    while True:
        try:
            target.open("xb").close()
            break
        except FileExistsError:
            number += 1
            target = folder / f"{path.stem}-{number}{path.suffix}"
    try:
        path.replace(target)
    except FileNotFoundError:
        target.unlink()
        raise
