"""How often the gate errs over many nights, and how soon it sees a better recipe.

    python -m benchmarks.gate [--json] [--repeats 1]

Every night brings 24 points, and a decision by the real contest and the real rule; the champion is
the winner's recipe fitted on all points, as `promote` fits it. Registry and flows are left out:
these are figures of the rule. Nothing is timed, so that repeats change nothing.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import tables
from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation import contest, gate
from lstm_ops.evaluation.contest import Contender
from lstm_ops.evaluation.rolling import Rolling
from lstm_ops.experiment import Experiment
from lstm_ops.experiment.files import build

BEFORE, A_NIGHT = 1000, 24  # points known on the first night, and new ones every night
NIGHTS = 100
SERIES = 20
CHANGE, AFTER = 10, 40  # the night of the change, and nights that follow it
RECIPES = [
    {"kind": "linear", "name": "linear-1", "look_back": 1},
    {"kind": "linear", "name": "linear-4", "look_back": 4},
    {"kind": "ridge", "look_back": 48},
    {"kind": "linear", "name": "linear-48"},
]
Draw = Callable[[np.random.Generator, int], FloatArray]


@dataclass(frozen=True)
class Champion:
    """A recipe fitted on the first `seen` points."""

    contender: Contender
    rolling: Rolling
    seen: int


def main() -> None:
    """Print the tables, or their figures as JSON."""
    options = tables.arguments(__doc__)
    nights = {name: _stationary(draw) for name, draw in STATIONARY.items()}
    changes = {f"`gate.origins: {n}`": _changes(n) for n in (50, 100, 200)}
    tables.tell(
        options,
        {"nights": nights, "changes": changes},
        tables.table(f"{NIGHTS} nights, {SERIES} series", _NIGHT_COLUMNS, nights),
        tables.table("a season appears", _CHANGE_COLUMNS, changes),
    )


_NIGHT_COLUMNS = {
    "moves to another recipe, mean": "{mean:.2f}",
    "most in a series": "{most:.0f}",
    "nights refreshed": "{refreshed:.0%}",
    "oldest champion, nights": "{oldest:.0f}",
}
_CHANGE_COLUMNS = {
    "taken over in": "{taken} of {series}",
    "nights until then, median": "{median:.0f}",
    "from … to": "{least:.0f} … {most:.0f}",
    "moves before the change": "{before}",
}


def _waves(rng: np.random.Generator, n: int) -> FloatArray:
    """The tutorial's, without trend and growth."""
    x = 2 + np.arange(n) * 58 / 4999
    waves = np.sin(x) + np.sin(2 * x) / 4 + np.sin(3 * x) / 2 + np.sin(4 * x) / 2
    return np.asarray((waves + 0.1 * rng.standard_normal(n)) / 4)


def _correlated(rng: np.random.Generator, n: int) -> FloatArray:
    values = np.zeros(n)
    for t, noise in enumerate(rng.standard_normal(n - 1), 1):
        values[t] = 0.9 * values[t - 1] + noise
    return values


STATIONARY: dict[str, Draw] = {
    "the tutorial's waves": _waves,
    "correlated noise (0.9)": _correlated,
    "white noise": lambda rng, n: rng.standard_normal(n),
    "a random walk": lambda rng, n: rng.standard_normal(n).cumsum(),
}


def _stationary(draw: Draw) -> dict[str, Any]:
    moves, ages, refreshed = [], [], 0
    for seed in range(SERIES):
        values = draw(np.random.default_rng(seed), BEFORE + A_NIGHT * NIGHTS)
        lived = _life(values, NIGHTS, _experiment())
        moves.append(sum(kind == "replace" for kind, _ in lived[1:]))
        refreshed += sum(kind == "refresh" for kind, _ in lived[1:])
        ages.append(_oldest([kind for kind, _ in lived]))
    return {
        "mean": statistics.mean(moves),
        "most": max(moves),
        "refreshed": refreshed / (NIGHTS * SERIES),
        "oldest": max(ages),
    }


def _oldest(kinds: list[str]) -> int:
    """The longest that a champion stayed without being fitted anew, in nights."""
    age = oldest = 0
    for kind in kinds:
        age = age + 1 if kind == "kept" else 0
        oldest = max(oldest, age)
    return oldest


def _changes(origins: int) -> dict[str, Any]:
    """Correlated noise, in which a season of 24 points appears; ridge on 48 lags knows it."""
    nights, before, total = [], 0, CHANGE + AFTER
    for seed in range(SERIES):
        n, start = BEFORE + A_NIGHT * total, BEFORE + A_NIGHT * CHANGE
        t = np.arange(n)
        season = 3 * np.sin(2 * np.pi * t / 24) + 2 * np.sin(4 * np.pi * t / 24 + 1)
        values = _correlated(np.random.default_rng(seed), n) + np.where(t >= start, season, 0)
        lived = _life(values, total, _experiment(origins=origins))
        before += sum(kind == "replace" for kind, _ in lived[1:CHANGE])
        knowing = [i for i, (_, name) in enumerate(lived) if i >= CHANGE and name in SEASONAL]
        nights += [knowing[0] - CHANGE] if knowing else []
    return {
        "series": SERIES,
        "taken": len(nights),
        "median": statistics.median(nights),
        "least": min(nights),
        "most": max(nights),
        "before": before,
    }


SEASONAL = ("ridge", "linear-48", "seasonal_naive")


def _experiment(**gate: Any) -> Experiment:
    content = {
        "series": "nights",
        "source": {"kind": "synthetic"},
        "window": {"look_back": 48},
        "scaling": "standardise",
        "forecasters": RECIPES,
        "evaluation": {"season_length": 24},
        "forecast": {"horizon": 1},  # nothing is served, so that no interval is needed
        "gate": gate,
    }
    return build(content, {}, "benchmarks/gate.py")


def _life(values: FloatArray, nights: int, experiment: Experiment) -> list[tuple[str, str]]:
    """Every night's kind of decision, and the champion's name after it."""
    champion: Champion | None = None
    lived: list[tuple[str, str]] = []
    for night in range(nights + 1):
        known = values[: BEFORE + A_NIGHT * night]
        decision, champion = _night(known, champion, experiment)
        lived.append((decision.kind, champion.contender.name))
    return lived


def _night(
    values: FloatArray, champion: Champion | None, experiment: Experiment
) -> tuple[gate.Decision, Champion]:
    found = contest.contenders(experiment)
    terms = contest.terms(len(values), experiment, found)
    standing = [
        gate.Contestant(
            c.name, c.fingerprint, c.naive, contest.enter(c, None, values, terms).losses
        )
        for c in found
    ]
    served = _as_served(champion, values, terms) if champion else None
    decision = gate.decide(standing, served, experiment.gate, terms.horizon)
    if decision.winner is None:
        assert champion is not None
        return decision, champion
    winner = next(c for c in found if c.name == decision.winner)
    return decision, Champion(winner, contest.fit(winner, None, values), len(values))


def _as_served(champion: Champion, values: FloatArray, terms: contest.Terms) -> gate.Incumbent:
    origins = terms.after(champion.seen)
    foretold = champion.rolling.ahead(values, origins, terms.horizon)
    losses = contest.squared(values, origins, foretold)
    return gate.Incumbent(champion.contender.name, champion.contender.fingerprint, losses)


if __name__ == "__main__":
    main()
