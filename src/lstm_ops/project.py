"""Where the project lies, and what its code and data are known by.

The root is `LSTM_OPS_HOME`, or the nearest folder upward that holds `prefect.yaml`. It is never
derived from where the package is installed.
"""

from __future__ import annotations

import hashlib
import os
import re
from functools import cache
from importlib import metadata
from pathlib import Path

from lstm_ops.errors import InvalidInput

HOME_VARIABLE = "LSTM_OPS_HOME"
MARKER = "prefect.yaml"
LOCK = "requirements.lock"


def root(start: Path | None = None) -> Path:
    """The project's folder. Raises `InvalidInput` where there is none above `start`."""
    if home := os.environ.get(HOME_VARIABLE):
        return Path(home).resolve()
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / MARKER).is_file():
            return folder
    raise InvalidInput(
        f"no {MARKER} in {here} or above it; run this from inside the project, or set "
        f"{HOME_VARIABLE} to its folder"
    )


def state_folder() -> Path:
    """`.state/`, made on use: logs, work in progress, what is running. Ignored by git."""
    folder = root() / ".state"
    folder.mkdir(exist_ok=True)
    return folder


@cache
def code_digest() -> str:
    """A fingerprint of the code that decides a result: the sources of lstm_ops and of the flows."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for folder in (package, root() / "flows"):
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def locked_requirements(*names: str) -> list[str]:
    """`name==version` of each distribution, from the project's lock.

    Falls back on what is installed where the lock has no single version for this Python.
    """
    lock = root() / LOCK
    locked = _versions(lock.read_text()) if lock.is_file() else {}
    return [f"{name}=={_only(locked.get(name, []), name)}" for name in names]


def installed_otherwise(lock: str) -> list[str]:
    """Where this environment differs from a lock's text, as `name: 1.0 then, 2.0 now`.

    What the lock has for other Pythons or systems, and is not here, is no difference.
    """
    found = []
    for name, versions in sorted(_versions(lock).items()):
        try:
            now = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        if now not in versions:
            found.append(f"{name}: {' or '.join(versions)} then, {now} now")
    return found


@cache
def _versions(lock: str) -> dict[str, list[str]]:
    """Every version that a lock's text names, by distribution."""
    versions: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE):
        versions.setdefault(name.lower(), []).append(version)
    return versions


def _only(versions: list[str], name: str) -> str:
    return versions[0] if len(versions) == 1 else metadata.version(name)
