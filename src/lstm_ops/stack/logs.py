"""The log files of the stack's children: `.state/logs/<name>.log`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

from lstm_ops import project

LARGEST = 10 * 1024 * 1024  # bytes; a longer one is put aside when its child is next started
TAIL = 20  # lines shown of a child that died
TAIL_BYTES = 64 * 1024


def log_path(name: str) -> Path:
    folder = project.state_folder() / "logs"
    folder.mkdir(exist_ok=True)
    return folder / f"{name}.log"


def open_log(path: Path, arguments: Sequence[str]) -> IO[bytes]:
    """The log, open for appending behind a dated header. At most one older file is kept."""
    if path.is_file() and path.stat().st_size > LARGEST:
        path.replace(path.with_suffix(".log.1"))
    stream = path.open("ab", buffering=0)
    moment = datetime.now().astimezone().isoformat(timespec="seconds")
    command = " ".join(" ".join(arguments).split())
    stream.write(f"\n===== {moment} {command}\n".encode())
    return stream


def tail(path: Path) -> str:
    """The last lines since the last header."""
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - TAIL_BYTES))
        text = stream.read().decode(errors="replace")
    lines = text.rpartition("\n===== ")[2].splitlines()
    return "\n".join(lines[-TAIL:])
