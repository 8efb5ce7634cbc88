"""Decisions about the champion, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lstm_ops.cli.columns import aligned

if TYPE_CHECKING:
    from lstm_ops.tracking.ledger.history import Line

HEADER = ("number", "when (UTC)", "kind", "from → to", "forecaster", "by", "because", "run")
NONE = "–"


def shown(series: str, lines: Sequence[Line]) -> str:
    """A table, the newest last."""
    if not lines:
        return f"{series} has no champion and never had one"
    return aligned([HEADER, *(_row(line) for line in lines)])


def as_list(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """For JSON."""
    return [as_dict(line) for line in lines]


def as_dict(line: Line) -> dict[str, Any]:
    """For JSON; `at` in UTC."""
    entry = line.entry
    return {
        "number": entry.number,
        "kind": entry.kind,
        "by_hand": entry.by_hand,
        "from": entry.from_version,
        "to": entry.to_version,
        "forecaster": entry.forecaster or None,
        "because": entry.because,
        "by": entry.by,
        "at": entry.at.isoformat(),
        "state": entry.state,
        "note": entry.note,
        "run_id": entry.run_id,
        "run_url": line.url,
        "flow_run": entry.flow_run,
    }


def at_shown(series: str, moment: datetime, line: Line | None) -> str:
    """The champion in force at a moment. `line`: the last decision made until then."""
    if line is None or line.entry.to_version is None:
        return f"{series} had no champion at {when(moment)} UTC"
    return (
        f"at {when(moment)} UTC the champion of {series} was version {line.entry.to_version} "
        f"({line.entry.forecaster})\n{told(line)}"
    )


def at_as_dict(series: str, moment: datetime, line: Line | None) -> dict[str, Any]:
    """For JSON; `decision` is the last one made until then."""
    return {
        "series": series,
        "at": moment.isoformat(),
        "version": line.entry.to_version if line else None,
        "forecaster": line.entry.forecaster if line else None,
        "decision": as_dict(line) if line else None,
    }


def told(line: Line) -> str:
    """A decision in three lines."""
    entry = line.entry
    marked = " (by hand)" if entry.by_hand else ""
    return (
        f"decision {entry.number}{marked}: {entry.move}, {when(entry.at)} UTC, by {entry.by}\n"
        f"because {entry.because}\nrun {line.url or entry.run_id}"
    )


def when(moment: datetime) -> str:
    """To the second, without its zone."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _row(line: Line) -> tuple[str, ...]:
    entry = line.entry
    state = {"done": "", "open": " (under way)", "void": f" (void: {entry.note})"}[entry.state]
    return (
        str(entry.number),
        when(entry.at),
        entry.kind + (" (by hand)" if entry.by_hand else "") + state,
        f"{entry.from_version or NONE} → {entry.to_version or NONE}",
        entry.forecaster or NONE,
        entry.by,
        " ".join(entry.because.split()),
        line.url or entry.run_id,
    )
