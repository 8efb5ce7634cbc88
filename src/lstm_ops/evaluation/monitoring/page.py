"""The status of a series as one HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lstm_ops.evaluation.html import template
from lstm_ops.evaluation.monitoring.verdict import Alarm, Measured, Row
from lstm_ops.evaluation.text import number

TEMPLATE = "status.html.jinja"
UNKNOWN = "–"


@dataclass(frozen=True)
class Picture:
    """A PNG file with what it shows, and a sentence on how to read it."""

    path: Path
    title: str
    caption: str

    @property
    def source(self) -> str:
        """Its content as an address."""
        content = base64.b64encode(self.path.read_bytes()).decode("ascii")
        return f"data:image/png;base64,{content}"


@dataclass(frozen=True)
class Line:
    """A decision of the ledger, or a run, in the words that the page has for it."""

    at: str
    what: str
    state: str
    said: str
    url: str | None


def page(
    measured: Measured,
    alarms: Sequence[Alarm],
    rows: Sequence[Row],
    verdict: str,
    pictures: Sequence[Picture],
    history: Sequence[Line],
    runs: Sequence[Line],
) -> str:
    """Verdict, measures, pictures, the champion's history and the last runs."""
    content = {
        "m": measured,
        "alarms": alarms,
        "verdict": verdict,
        "rows": [{**row, **_numbers(row)} for row in rows],
        "pictures": pictures,
        "history": history,
        "runs": runs,
        "by_step": _by_step(measured),
    }
    return str(template("lstm_ops.evaluation", TEMPLATE).render(content))


def _numbers(row: Row) -> dict[str, str]:
    return {key: _number(row[key]) for key in ("value", "bound")}


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return UNKNOWN
    return number(float(value))


def _by_step(measured: Measured) -> list[tuple[int, str]]:
    """RMSE of some steps ahead, near ones closer together."""
    known = measured.live.by_step if measured.live else {}
    shown = [s for s in known if s in (1, 2, 3, 6, 12, 24, 48, 96) or s == max(known)]
    return [(step, number(known[step])) for step in shown]
