"""How often `monitor` sees a drift that is not there, and how soon one that is.

    python -m benchmarks.monitoring [--json] [--repeats 1]

A champion has seen 2,000 points of the tutorial's waves without trend and growth; 480 more arrive
(20 days of 24), and from the 240th on there may be a drift. Every point is looked at once, in
order, as `monitor` looks at them. Nothing is timed, so that repeats change nothing.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks import tables
from lstm_ops.data.series import FloatArray
from lstm_ops.data.synthetic import points
from lstm_ops.evaluation.monitoring.drift import Drift, drift
from lstm_ops.experiment import DriftWatch, SyntheticSource

SEEN, LIVE, START = 2000, 480, 240
TEN = range(1, 11)
OTHERS = range(1001, 1101)  # thresholds were chosen on others again, from 5001 on
KINDS: dict[str, tuple[str, float, int]] = {
    "level, 3 sd of the noise": ("level", 3.0, 48),
    "level, 1.5 sd": ("level", 1.5, 96),
    "variance, doubled": ("variance", 2.0, 96),
    "variance, halved": ("variance", 0.5, 240),
    "period, 5 % longer": ("period", 1.05, 240),
    "period, 20 % longer": ("period", 1.2, 240),
}
_QUIET_COLUMNS = {
    "false alarms": "{alarms} in {series} series of 480 points",
    "of level": "{level}",
    "of variance": "{variance}",
}
_FOUND_COLUMNS = {
    "within": "{within} points",
    "ten seeds": "{ten} of 10",
    "a hundred others": "{others} of 100",
    "points until then, median": "{median}",
    "alarms before it": "{before} of 100",
}


def main() -> None:
    """Print the tables, or their figures as JSON."""
    options = tables.arguments(__doc__)
    quiet = {"seeds 1 to 10": _quiet(TEN), "seeds 1001 to 1100": _quiet(OTHERS)}
    found = {name: _found(*kind) for name, kind in KINDS.items()}
    tables.tell(
        options,
        {"quiet": quiet, "found": found},
        tables.table("the series does not change", _QUIET_COLUMNS, quiet),
        tables.table("what changes", _FOUND_COLUMNS, found),
    )


def waves(seed: int, kind: str = "", size: float = 0.0) -> FloatArray:
    """The stationary series, with a drift from live point `START` on  # (SEEN + LIVE,).

    As `SyntheticSource(growth=None, trend=0, seed=seed, drifts=…)` gives it, gone on with.
    """
    drifts = [{"kind": kind, "start": SEEN + START, "size": size}] if kind else []
    source = SyntheticSource(
        kind="synthetic",
        growth=None,
        trend=0.0,
        seed=seed,
        drifts=drifts,  # type: ignore[arg-type]
    )
    return points(source, 0, SEEN + LIVE)[0]


def _watched(seed: int, kind: str = "", size: float = 0.0) -> Drift:
    watched = drift(waves(seed, kind, size), SEEN, DriftWatch())
    assert watched is not None
    return watched


def _quiet(seeds: Sequence[int]) -> dict[str, Any]:
    crossings = {"level": 0, "variance": 0}
    for seed in seeds:
        for watch in _watched(seed).watches:
            crossings[watch.what] += watch.crossed is not None
    return {"series": len(seeds), "alarms": sum(crossings.values()), **crossings}


def _found(kind: str, size: float, within: int) -> dict[str, Any]:
    ten, others = (_delays(seeds, kind, size) for seeds in (TEN, OTHERS))
    late = [delay for delay in others if delay is not None and delay >= 0]
    return {
        "within": within,
        "ten": sum(_in_time(delay, within) for delay in ten),
        "others": sum(_in_time(delay, within) for delay in others),
        "median": f"{statistics.median(late):.0f}" if late else "–",
        "before": sum(delay is not None and delay < 0 for delay in others),
    }


def _delays(seeds: Sequence[int], kind: str, size: float) -> list[int | None]:
    """Points after the drift began at the first alarm: negative for one before it, None: none."""
    found = []
    for seed in seeds:
        crossed = [w.crossed for w in _watched(seed, kind, size).watches if w.crossed is not None]
        found.append(min(crossed) - START if crossed else None)
    return found


def _in_time(delay: int | None, within: int) -> bool:
    """The drift's first point is the first of `within`."""
    return delay is not None and 0 <= delay < within


if __name__ == "__main__":
    main()
