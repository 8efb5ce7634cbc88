"""What is measured about a series and its champion, and which of it is an alarm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import numpy as np

from lstm_ops.data.series import Series
from lstm_ops.data.times import as_text
from lstm_ops.evaluation.monitoring.drift import Drift, Watch, What
from lstm_ops.evaluation.monitoring.live import Live
from lstm_ops.evaluation.text import number, percent
from lstm_ops.experiment import Monitor

Kind = Literal["drift", "stale", "degraded"]
Row = dict[str, str | float | int | None]
UNKNOWN = "–"


@dataclass(frozen=True)
class Alarm:
    """`since`: the time, as text, of the observation that it begins with.

    `identity`: alarms of one kind and identity are the same one, seen again. `evidence` is plain
    values, for a program that acts on it.
    """

    kind: Kind
    since: str
    identity: str
    evidence: dict[str, Any]
    sentence: str


@dataclass(frozen=True)
class Measured:
    """All that is known at a moment; None is what nobody can tell yet.

    `champion` names the version, `seen` counts the points until its cutoff. `live` is of its own
    forecasts, `promised` the RMSE that its calibration gives for the same steps, `age` the steps
    since the newest observation.
    """

    series: Series
    now: datetime
    champion: str | None
    version: str | None
    seen: int
    live: Live | None
    promised: float | None
    age: float | None
    drift: Drift | None

    def time_of(self, live_point: int) -> str:
        """Of a point counted from the first after the champion's cutoff."""
        return as_text(self.series.frame["t"].iloc[max(0, self.seen + live_point)])


def alarms(measured: Measured, settings: Monitor) -> list[Alarm]:
    """At most one of each kind."""
    found = (_drift(measured), _stale(measured, settings), _degraded(measured, settings))
    return [alarm for alarm in found if alarm is not None]


def _drift(m: Measured) -> Alarm | None:
    crossed = [w for w in m.drift.watches if w.crossed is not None] if m.drift else []
    if not crossed:
        return None
    first = min(crossed, key=lambda watch: watch.crossed or 0)
    since = m.time_of(first.crossed or 0)
    what = " and ".join(watch.what for watch in crossed)
    began = m.time_of(first.began or 0)
    return Alarm(
        kind="drift",
        since=since,
        # Not the time: late rows may move where it crossed, and it is the same drift all the same.
        identity=f"version {m.version}, {first.what}",
        evidence={"what": [w.what for w in crossed], "began": began, **_statistics(crossed)},
        sentence=(
            f"{m.series.name} has changed in {what} since about {began} (seen at {since}): the "
            f"statistic is {number(first.newest)}, the threshold {first.threshold:g}."
        ),
    )


def _statistics(watches: list[Watch]) -> dict[str, float]:
    return {f"{w.what}_statistic": w.newest for w in watches} | {
        f"{w.what}_threshold": w.threshold for w in watches
    }


def _stale(m: Measured, settings: Monitor) -> Alarm | None:
    if m.age is None or m.age <= settings.stale_steps:
        return None
    since = as_text(m.series.frame["t"].iloc[-1])
    return Alarm(
        kind="stale",
        since=since,
        identity=since,
        evidence={"age_steps": m.age, "allowed_steps": settings.stale_steps, "newest": since},
        sentence=(
            f"{m.series.name} has no observation since {since}, {number(m.age, 3)} steps ago; "
            f"{settings.stale_steps:g} are allowed."
        ),
    )


def _degraded(m: Measured, settings: Monitor) -> Alarm | None:
    if m.live is None or m.promised is None or len(m.live) < settings.least:
        return None
    allowed = bound(m.promised, settings)
    if not m.live.rmse > allowed:
        return None
    more = f"{percent(m.live.rmse / m.promised - 1)} %" if m.promised > 0 else "all of it"
    since = str(m.live.rows["time"].iloc[0])
    return Alarm(
        kind="degraded",
        since=since,
        identity=f"version {m.version}",
        evidence={
            "rmse": m.live.rmse,
            "promised_rmse": m.promised,
            "allowed_rmse": allowed,
            "forecasts": len(m.live),
        },
        sentence=(
            f"The champion of {m.series.name}, {m.champion}, has an RMSE of {number(m.live.rmse)} "
            f"since {since}, {more} more than the {number(m.promised)} that it promised "
            f"({len(m.live)} forecasts)."
        ),
    )


def bound(promised: float, settings: Monitor) -> float:
    """The largest live RMSE that is no alarm."""
    return promised * (1 + settings.degraded)


def metrics(m: Measured) -> dict[str, float]:
    """Under their names in MLflow; what is not known is left out."""
    live = m.live
    found: dict[str, float | None] = {
        "live/rmse": live.rmse if live else None,
        "live/promised_rmse": m.promised,
        "live/skill_vs_persistence": live.skill if live else None,
        "live/coverage": live.coverage if live else None,
        "live/bias": live.bias if live else None,
        "live/forecasts": float(len(live)) if live else 0.0,
        "live/age_steps": m.age,
        "live/drift_level": m.drift.level.newest if m.drift else None,
        "live/drift_variance": m.drift.variance.newest if m.drift else None,
    }
    return {name: value for name, value in found.items() if value is not None and value == value}


def table(m: Measured, settings: Monitor, found: list[Alarm]) -> list[Row]:
    """A row a measure: its value, what it is held against, and `ok`, `ALARM` or –."""
    kinds, known = {alarm.kind for alarm in found}, metrics(m)
    allowed = None if m.promised is None else bound(m.promised, settings)
    judged = known["live/forecasts"]
    enough = judged >= settings.least
    level = m.live.level if m.live else None
    return [
        _row("live RMSE", known.get("live/rmse"), allowed, "degraded" in kinds, judged=enough),
        _row("promised RMSE", m.promised, None),
        _row("skill against persistence", known.get("live/skill_vs_persistence"), None),
        _row("coverage of intervals", known.get("live/coverage"), level, judged=False),
        _row("bias", known.get("live/bias"), None),
        _row("forecasts judged", judged, settings.least, judged=False),
        _row("age of the data, steps", m.age, settings.stale_steps, "stale" in kinds),
        *(_drift_rows(m) if settings.drift else ()),
    ]


def _drift_rows(m: Measured) -> list[Row]:
    if m.drift is not None:
        return [_drift_row(watch) for watch in m.drift.watches]
    unknown = {"value": None, "bound": None, "state": f"{UNKNOWN} ({_why_no_drift(m)})"}
    return [{"measure": f"drift of {what}", **unknown} for what in get_args(What)]


def _why_no_drift(m: Measured) -> str:
    if m.champion is None:
        return "no champion"
    if not m.seen:
        return "no observation is there that the champion has seen"
    if not np.ptp(m.series.values[: m.seen]) > 0:
        return "all values until the champion's cutoff are alike"
    return f"{m.seen} points until the champion's cutoff: too few, or without noise"


def _drift_row(watch: Watch) -> Row:
    crossed = watch.crossed is not None
    return _row(f"drift of {watch.what}", watch.newest, watch.threshold, crossed)


def _row(
    measure: str,
    value: float | None,
    held_against: float | None,
    alarm: bool = False,
    *,
    judged: bool = True,
) -> Row:
    state = "ALARM" if alarm else "ok"
    if value is None or held_against is None or not judged:
        state = UNKNOWN
    return {"measure": measure, "value": value, "bound": held_against, "state": state}


def sentence(m: Measured, found: list[Alarm]) -> str:
    """All of it in one line, alarms first."""
    if found:
        return " ".join(alarm.sentence for alarm in found)
    if m.champion is None:
        return f"{m.series.name} has no champion yet: nothing to hold forecasts against."
    if m.live is None:
        return f"No alarm. No forecast of {m.series.name}'s {m.champion} has been judged yet."
    against = "" if m.promised is None else f", promised {number(m.promised)}"
    return (
        f"No alarm. The champion of {m.series.name}, {m.champion}, has an RMSE of "
        f"{number(m.live.rmse)}{against}, over {len(m.live)} forecasts."
    )
