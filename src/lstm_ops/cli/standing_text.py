"""How a series stands, in a few lines and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstm_ops.cli import history_text

if TYPE_CHECKING:
    from lstm_ops.tracking.ledger.history import Line
    from lstm_ops.tracking.ledger.standing import Seat, Standing

INDENT = " " * 12


def shown(found: Standing) -> str:
    """Champion and why, previous, challenger, and a decision under way."""
    parts = [_labelled("champion", _seat(found.champion))]
    if found.since:
        parts.append(_indented("since " + history_text.told(found.since)))
    if found.newest and found.newest != found.since:
        parts.append(_indented("kept in " + history_text.told(found.newest)))
    parts.append(_labelled("previous", _seat(found.previous)))
    parts.append(_labelled("challenger", _seat(found.challenger)))
    if found.under_way:
        parts.append(_labelled("under way", history_text.told(found.under_way)))
    return "\n".join(parts)


def as_dict(found: Standing) -> dict[str, Any]:
    """For JSON. `since`: the move that made the champion; `newest`: the last decision of all."""
    return {
        "series": found.series,
        "champion": _seat_dict(found.champion),
        "previous": _seat_dict(found.previous),
        "challenger": _seat_dict(found.challenger),
        "since": _line_dict(found.since),
        "newest": _line_dict(found.newest),
        "under_way": _line_dict(found.under_way),
    }


def _seat(seat: Seat | None) -> str:
    if seat is None:
        return "none"
    cutoff = seat.version.cutoff
    known = f", fitted on data until {cutoff}" if cutoff else ""
    return f"{seat.version}{known}" + (f"\n{seat.url}" if seat.url else "")


def _seat_dict(seat: Seat | None) -> dict[str, Any] | None:
    if seat is None:
        return None
    version = seat.version
    return {
        "version": version.number,
        "forecaster": version.forecaster,
        "cutoff": version.cutoff or None,
        "recipe": version.recipe or None,
        "run_id": version.run_id or None,
        "url": seat.url,
    }


def _line_dict(line: Line | None) -> dict[str, Any] | None:
    return history_text.as_dict(line) if line else None


def _labelled(label: str, text: str) -> str:
    return label.ljust(len(INDENT)) + _indented(text).lstrip()


def _indented(text: str) -> str:
    return "\n".join(INDENT + line for line in text.splitlines())
