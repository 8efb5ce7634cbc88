"""Decisions about the champion of a series, and what they come to when they are replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["first", "refresh", "replace", "kept", "forced", "rollback", "outside"]
State = Literal["done", "open", "void"]
Clock = Callable[[], datetime]  # aware, in UTC

BY_HAND: tuple[Kind, ...] = ("forced", "outside")
"""Moves that no evidence stands behind."""


@dataclass(frozen=True)
class Proposal:
    """A decision that somebody wants made.

    `to`: the version that shall be champion; None for `kept`. `expected`: the champion that this
    was decided upon, None where there was none. `run_id`: an MLflow run that holds the evidence;
    without it a run is made for the decision.
    """

    kind: Kind
    to: str | None
    expected: str | None
    because: str
    by: str
    flow_run: str | None = None
    run_id: str | None = None

    @property
    def champion(self) -> str | None:
        """The version that is champion afterwards."""
        return self.expected if self.kind == "kept" else self.to


@dataclass(frozen=True)
class Entry:
    """One decision, as the ledger has it. `at` is in UTC; `note` says why a void one is void.

    `forecaster`: of the version that it made champion, which may be pruned by now.
    """

    number: int
    kind: Kind
    from_version: str | None
    to_version: str | None
    because: str
    by: str
    at: datetime
    flow_run: str | None
    run_id: str
    state: State
    note: str = ""
    forecaster: str = ""

    def __str__(self) -> str:
        return f"decision {self.number}: {self.move}"

    @property
    def move(self) -> str:
        """Kind and versions: `rollback 12 → 9`."""
        if self.kind == "kept":
            return f"kept {self.to_version}"
        return f"{self.kind} {self.from_version or 'none'} → {self.to_version or 'none'}"

    @property
    def by_hand(self) -> bool:
        """Whether no evidence stands behind it."""
        return self.kind in BY_HAND


def done(entries: Sequence[Entry]) -> list[Entry]:
    """Those that are in force or were: neither open nor void."""
    return [entry for entry in entries if entry.state == "done"]


def under_way(entries: Sequence[Entry]) -> Entry | None:
    """The one that is claimed and not carried out yet; there is never more than one."""
    return next((entry for entry in entries if entry.state == "open"), None)


def champion(entries: Sequence[Entry]) -> str | None:
    """The champion's version after the last decision."""
    standing = stack(entries)
    return standing[-1] if standing else None


def stack(entries: Sequence[Entry]) -> list[str]:
    """What can be undone: the champion last, before it what a rollback goes back to, and so on."""
    standing: list[str] = []
    for entry in done(entries):
        to = entry.to_version
        if to is None:
            standing.clear()  # the registry was emptied
        elif entry.kind == "rollback" and to in standing:
            del standing[_last(standing, to) + 1 :]
        elif standing[-1:] != [to]:
            standing.append(to)
    return standing


def in_force(entries: Sequence[Entry], moment: datetime) -> Entry | None:
    """The last decision made until then; None before the first."""
    until = [entry for entry in done(entries) if entry.at <= moment]
    return until[-1] if until else None


def champion_at(entries: Sequence[Entry], moment: datetime) -> str | None:
    """The version that was champion at a moment; None before the first decision."""
    entry = in_force(entries, moment)
    return entry.to_version if entry else None


def _last(versions: list[str], wanted: str) -> int:
    return len(versions) - 1 - versions[::-1].index(wanted)
