"""How long each stage of a train flow took, from the log that it wrote."""

from __future__ import annotations

import re
from datetime import datetime

START = "start: interpreter, imports, Prefect's server"
TASKS = (
    "open",
    "load",
    "validate",
    "gate-call",  # the champion is found, loaded and scored
    "window",
    "prepare",
    "fit",
    "evaluate",
    "register",
    "gate-report",  # the gate's fits, its decision, and the winner fitted anew
    "report",
)
DAY = 86400.0  # seconds

_LINE = re.compile(
    r"^(\d+):(\d+):([\d.]+) \| \w+ +\| (Flow|Task) run '([^' ]+)[^']*' - (.*)$", re.M
)


def stages(log: str, began: datetime, wall: float) -> dict[str, float]:
    """Seconds by stage, in their order; they add up to `wall`.

    `began`: when the process was started, local time as in the log. A stage ends with the last of
    its tasks. Raises `ValueError` for one whose end the log does not tell.
    """
    ends = _ends(log, began)
    missing = [stage for stage in (START, *TASKS) if stage not in ends]
    if missing:
        raise ValueError(f"the log does not tell when these ended: {', '.join(missing)}\n{log}")
    moments = [0.0, *(ends[stage] for stage in (START, *TASKS)), wall]
    names = (START, *TASKS, "end")
    return {name: moments[i + 1] - moments[i] for i, name in enumerate(names)}


def _ends(log: str, began: datetime) -> dict[str, float]:
    """Seconds from `began` to the last end of each stage that the log names."""
    ends: dict[str, float] = {}
    for hours, minutes, seconds, kind, name, event in _LINE.findall(log):
        moment = _since(began, int(hours), int(minutes), float(seconds))
        if kind == "Flow" and event.startswith("Beginning"):
            ends[START] = moment
        elif kind == "Task" and event.startswith("Finished in state Completed"):
            ends[name] = max(moment, ends.get(name, 0.0))
    return ends


def _since(began: datetime, hours: int, minutes: int, seconds: float) -> float:
    """Log lines bear no date: what seems to lie before the start was after midnight."""
    start = began.hour * 3600 + began.minute * 60 + began.second + began.microsecond / 1e6
    return (hours * 3600 + minutes * 60 + seconds - start) % DAY
