"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """One line: what was found, and what to do about it."""

    status: Status
    found: str
    remedy: str = ""


def ok(found: str) -> Finding:
    return Finding("ok", found)


def warning(found: str, remedy: str) -> Finding:
    """Something is not as it should be, but everything that is meant to work can."""
    return Finding("warning", found, remedy)


def fault(found: str, remedy: str) -> Finding:
    """Something does not work."""
    return Finding("fault", found, remedy)


def some(names: list[str], most: int = 5) -> str:
    """The first few of them, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
