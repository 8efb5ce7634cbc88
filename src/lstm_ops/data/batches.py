"""Rows that come together: checked one by one, and put into the store as a whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from lstm_ops.data import contract, store
from lstm_ops.data.far_before import REASON, far_before
from lstm_ops.data.grid import Grid, grid_of
from lstm_ops.data.raw import RawSeries
from lstm_ops.data.spacing import Spacing
from lstm_ops.data.store import Appended, Reach, Rejected
from lstm_ops.data.times import as_text

KNOWN = 2000  # newest observations by which new ones are judged
BINDING = 8  # times without which a grid is a guess, and no row is rejected for it
DAY = 86400
# Without the clock: a row that stays there is the same rejected row at every look.
AHEAD = "its time is in the future; times without a zone are taken as UTC"


@dataclass(frozen=True)
class Checked:
    """The rows that may be taken (t, y, row: its number), and the others."""

    rows: pd.DataFrame
    rejected: tuple[Rejected, ...]


def take(raw: RawSeries, origin: str, now: datetime, most_rejected: float) -> Appended:
    """Check the rows and append what holds, unless more than that share of them does not.

    now: in UTC. Raises `SourceUnavailable` where the store does not answer: nothing was taken.
    """
    known = store.observations(raw.name, KNOWN)["t"]
    found = check(raw, known, now, store.reach(raw.name))
    return store.append(
        raw.name, found.rows, origin=origin, rejected=found.rejected, most_rejected=most_rejected
    )


def check(raw: RawSeries, known: pd.Series, now: datetime, reach: Reach | None = None) -> Checked:
    """By the contract, as far as it is about single rows, and by the times that are `known`: the
    newest of all that `reach` tells of.

    A series that has too few of them is judged by them and the rows' own times together.
    """
    texts = contract.typed(raw)
    rows, faults = contract.check_rows(raw)
    broken = {int(f.row): f"it breaks the rule: {f.rule}" for f in faults if f.row is not None}
    if not _same_kind(rows["t"], known):
        broken |= dict.fromkeys(rows["row"], _other_kind(known))
    else:
        times = known if len(known) >= BINDING else _together(known, rows["t"])
        grid = grid_of(times)
        if grid is not None and len(known):
            rows = rows.assign(t=grid.snapped(rows["t"], known))
        if grid is not None and len(times) >= BINDING:
            broken |= dict.fromkeys(rows["row"][~grid.holds(rows["t"])], _off(grid))
        broken |= dict.fromkeys(_ahead(rows, grid, now), AHEAD)
        for row in rows["row"][far_before(rows["t"], reach)]:
            broken[row] = REASON.format(first=as_text(reach.first) if reach else "")
    good = rows[~rows["row"].isin(list(broken))].reset_index(drop=True)
    return Checked(good, tuple(_rejected(texts, broken)))


def _same_kind(times: pd.Series, known: pd.Series) -> bool:
    if times.empty or known.empty:
        return True
    dates = pd.api.types.is_datetime64_any_dtype
    return bool(dates(times) == dates(known))


def _other_kind(known: pd.Series) -> str:
    dates = pd.api.types.is_datetime64_any_dtype(known)
    got, needed = ("a number", "dates") if dates else ("a date", "numbers")
    return f"its time is {got}; those of the series are {needed}"


def _together(known: pd.Series, times: pd.Series) -> pd.Series:
    """Each time once. An empty column may be of the other kind."""
    some = [column for column in (known, times) if not column.empty]
    return pd.concat(some).drop_duplicates() if some else times


def _off(grid: Grid) -> str:
    steps = " or ".join(map(str, grid.spacings))
    clocks = (
        "; the clock changes of a time zone do this, dates without a clock do not"
        if all(map(_of_whole_days, grid.spacings))
        else ""
    )
    return f"its time is off the grid of the series, whose step is {steps}{clocks}"


def _of_whole_days(spacing: Spacing) -> bool:
    return spacing.unit != "number" and (spacing.unit != "seconds" or spacing.step % DAY == 0)


def _ahead(rows: pd.DataFrame, grid: Grid | None, now: datetime) -> list[int]:
    """The rows that are later than now by more than a step."""
    if rows.empty or not pd.api.types.is_datetime64_any_dtype(rows["t"]):
        return []
    clock = pd.Timestamp(now)
    latest = clock if grid is None else grid.one_later(clock)
    return list(rows["row"][rows["t"] > latest])


def _rejected(texts: pd.DataFrame, broken: dict[int, str]) -> Iterator[Rejected]:
    for row in sorted(broken):
        time, value = texts["t_text"].iloc[row - 1], texts["y_text"].iloc[row - 1]
        yield Rejected(row, str(time), str(value), broken[row])
