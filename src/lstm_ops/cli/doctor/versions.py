"""What is installed, against the project's bounds and its lock."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement

from lstm_ops import project
from lstm_ops.cli.doctor.finding import Finding, fault, ok, some, warning
from lstm_ops.cli.doctor.situation import Situation

REMEDY = "make clean, then make run: installs what requirements.lock says"
KNOWN = {
    "fastapi": "Prefect's server does not start",
    "sqlalchemy": "Prefect's schedules make no runs, without a word",
}


def check(situation: Situation) -> Iterator[Finding]:
    """Outside pyproject's bounds is a fault; only other than the lock, a warning."""
    del situation
    broken = dict(_out_of_bounds())
    for name, what in broken.items():
        effect = KNOWN.get(name.lower())
        yield fault(f"{what}{f'; with it {effect}' if effect else ''}", REMEDY)
    lock = project.root() / project.LOCK
    if not lock.is_file():
        yield warning(f"there is no {project.LOCK}", "git checkout requirements.lock, or make lock")
        return
    others = [
        text.replace(" then, ", " in the lock, ").replace(" now", " installed")
        for text in project.installed_otherwise(lock.read_text(encoding="utf-8"))
        if text.partition(":")[0] not in {name.lower() for name in broken}
    ]
    if others:
        yield warning(f"not as locked: {some(others)}", REMEDY)
    elif not broken:
        yield ok("as requirements.lock says")


def _out_of_bounds() -> Iterator[tuple[str, str]]:
    content = tomllib.loads((project.root() / "pyproject.toml").read_text(encoding="utf-8"))
    for text in content["project"]["dependencies"]:
        needed = Requirement(text)
        try:
            version = metadata.version(needed.name)
        except metadata.PackageNotFoundError:
            yield needed.name, f"{needed.name} is not installed; needed: {needed}"
            continue
        if not needed.specifier.contains(version, prereleases=True):
            yield needed.name, f"{needed.name} {version} is installed; needed: {needed}"
