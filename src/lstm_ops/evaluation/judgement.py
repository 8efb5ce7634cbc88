"""The verdict of a backtest in words: does the LSTM earn its place over simpler forecasters?"""

from __future__ import annotations

import math
from collections.abc import Sequence

from lstm_ops.evaluation.evidence import Comparison, Verdict
from lstm_ops.evaluation.significance import Interval
from lstm_ops.evaluation.text import p_value, percent
from lstm_ops.evaluation.walks import Standing

RECURRENT = ("lstm", "gru")


def judgement(ranked: Sequence[Standing], comparisons: Sequence[Comparison]) -> str:
    """Two sentences: whether it earns its place, and the evidence against the best baseline.

    `ranked`: lowest RMSE first. Baselines are all that is not recurrent. Of several LSTMs the best
    is meant; without one, or without a baseline, the first two forecasters are compared.
    """
    lstm = next((s for s in ranked if s.kind == "lstm"), None)
    baselines = [s for s in ranked if s.kind not in RECURRENT]
    if lstm is None or not baselines:
        return _of_the_first(ranked, comparisons)
    own = [c for c in comparisons if c.a == lstm.forecaster]
    against = {c.b: c for c in own if c.b in {s.forecaster for s in baselines}}
    earns = all(c.verdict == "better" for c in against.values())
    place = "earns its place" if earns else "does not earn its place"
    evidence = sentence(against[baselines[0].forecaster])
    return f"The LSTM {place}: {lstm.forecaster} is {_outcomes(against)}. {evidence}"


def sentence(comparison: Comparison) -> str:
    """`feedforward beats lstm by 12 % (95 % interval 9–15 %, p < 0.001, 10 seeds, 8 cutoffs).`"""
    c = comparison
    finite = [math.isfinite(c.rmse_a), math.isfinite(c.rmse_b)]
    if not any(finite):
        return f"{c.a} and {c.b} both diverged in training ({_counts(c)})."
    if c.verdict == "not distinguishable":
        return _not_told_apart(c)
    winner, loser = (c.a, c.b) if c.verdict == "better" else (c.b, c.a)
    if not all(finite):
        return f"{winner} beats {loser}, whose training diverged ({_counts(c)})."
    if min(c.rmse_a, c.rmse_b) == 0:
        return f"{winner} beats {loser}: it is exact ({_evidence(c)})."
    gain, interval = _gain(c)
    wins = c.seed_wins if c.verdict == "better" else 1 - c.seed_wins
    but = "" if wins > 0.5 else f"; of seeds taken one by one it wins {_percent(wins)}, no more"
    return f"{winner} beats {loser} by {_percent(gain)} ({_evidence(c, interval)}){but}."


def _not_told_apart(c: Comparison) -> str:
    change = ""
    if math.isfinite(c.relative):
        more = "above" if c.relative > 0 else "below"
        change = f": the RMSE of the first is {_percent(abs(c.relative))} {more}"
    evidence = _evidence(c, c.relative_interval)
    return f"{c.a} and {c.b} are not distinguishable{change} ({evidence})."


def _gain(c: Comparison) -> tuple[float, Interval]:
    """By what share of the loser's RMSE the winner's is lower, with its interval."""
    low, high = c.relative_interval.low, c.relative_interval.high
    if c.verdict == "better":
        return -c.relative, Interval(-high, -low)

    def turned(relative: float) -> float:
        return relative / (1 + relative)  # of a's RMSE instead of b's

    return turned(c.relative), Interval(turned(low), turned(high))


def _of_the_first(ranked: Sequence[Standing], comparisons: Sequence[Comparison]) -> str:
    best = ranked[0].forecaster
    if not math.isfinite(ranked[0].mean["rmse"]):
        return "The training of every forecaster diverged."
    lowest = f"{best} has the lowest RMSE, {ranked[0].mean['rmse']:.4g}."
    if len(ranked) == 1:
        return lowest
    pair = {best, ranked[1].forecaster}
    (comparison,) = [c for c in comparisons if {c.a, c.b} == pair]
    return f"{lowest} {sentence(comparison)}"


def _outcomes(against: dict[str, Comparison]) -> str:
    """`worse than persistence and linear, not distinguishable from feedforward`."""
    words: dict[Verdict, str] = {
        "better": "better than",
        "not distinguishable": "not distinguishable from",
        "worse": "worse than",
    }
    parts = []
    for verdict, word in words.items():
        if names := [name for name, c in against.items() if c.verdict == verdict]:
            parts.append(f"{word} {listed(names)}")
    return ", ".join(parts)


def listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _evidence(c: Comparison, interval: Interval | None = None) -> str:
    """Interval, p, seeds and cutoffs, as far as there are any."""
    parts = [_interval(c, interval)] if interval and math.isfinite(interval.low) else []
    test = p_value(c.p_adjusted) if math.isfinite(c.p_adjusted) else "too few forecasts for a test"
    return ", ".join([*parts, test, _counts(c)])


def _counts(c: Comparison) -> str:
    counts = [(c.n_seeds, "seed"), (c.n_cutoffs, "cutoff")]
    return ", ".join(f"{n} {word}{'s' if n > 1 else ''}" for n, word in counts)


def _percent(share: float) -> str:
    return f"{percent(share)} %"


def _interval(c: Comparison, interval: Interval) -> str:
    to = "–" if interval.low >= 0 else " to "
    return (
        f"{100 * c.confidence:.3g} % interval {percent(interval.low)}{to}{percent(interval.high)} %"
    )
