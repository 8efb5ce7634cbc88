"""The gate: whether another version becomes champion, decided on evidence alone.

Nothing here fits, loads or stores. The rule, in words: docs/champion.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lstm_ops.data.series import FloatArray
from lstm_ops.evaluation.gain import Gain, gain, rmse
from lstm_ops.experiment import Gate

Kind = Literal["first", "refresh", "replace", "kept"]


@dataclass(frozen=True)
class Contestant:
    """A recipe and its losses (n_origins,), averaged over its seeds."""

    name: str
    recipe: str
    naive: bool
    losses: FloatArray

    @property
    def rmse(self) -> float:
        """In the units of the series; infinite where its training diverged."""
        return rmse(self.losses)


@dataclass(frozen=True)
class Incumbent:
    """The champion as it is served: its recipe, and its losses (k,) from the last k origins.

    Those are the origins that its fit has not seen. `recipe` is empty where nobody noted it.
    """

    name: str
    recipe: str
    losses: FloatArray


@dataclass(frozen=True)
class Finding:
    """What was found of one contestant; `gain` over the opponent, None for the opponent itself."""

    name: str
    rmse: float
    gain: Gain | None
    verdict: str


@dataclass(frozen=True)
class Decision:
    """What should happen. `winner` is the contestant to be fitted anew on all data, None: nobody.

    `because` is one sentence; `against` names whom the findings compare with.
    """

    kind: Kind
    winner: str | None
    because: str
    against: str
    findings: tuple[Finding, ...] = field(default=())


def decide(
    contestants: Sequence[Contestant],
    incumbent: Incumbent | None,
    rule: Gate,
    horizon: int,
    refused: Mapping[str, str] | None = None,
) -> Decision:
    """`refused`: contestants that cannot become champion, each with the reason (a budget)."""
    refused = refused or {}
    floor = min((c for c in contestants if c.naive), key=_by_error)
    if incumbent is None:
        return _first(contestants, floor, rule, horizon, refused)
    return _Case(contestants, floor, incumbent, rule, horizon, refused).decide()


def _first(
    contestants: Sequence[Contestant],
    floor: Contestant,
    rule: Gate,
    horizon: int,
    refused: Mapping[str, str],
) -> Decision:
    """The best of those that beat the naive floor, else the naive one."""
    others = [c for c in contestants if not c.naive]
    confidence = _shared(rule.confidence, len(others))
    gains = {c.name: gain(c.losses, floor.losses, horizon, confidence) for c in others}
    beating = [c for c in others if gains[c.name].shown(0.0)]
    allowed = [c for c in beating if c.name not in refused]
    winner = min(allowed, key=_by_error, default=floor)
    naive = min(
        (c for c in contestants if c.naive and c.name not in refused), key=_by_error, default=None
    )
    better = {c.name for c in beating}
    findings = _findings(contestants, floor.name, "the naive floor", gains, better, refused)
    turned_away = _turned_away(better, refused)
    if winner is not floor:
        because = f"the first champion: {winner.name} beats {floor.name} by {gains[winner.name]}"
        return Decision("first", winner.name, because + turned_away, floor.name, findings)
    if naive is None:
        because = "no contestant may become champion"
        return Decision("kept", None, because + turned_away, floor.name, findings)
    rest = "nothing else" if better else "nothing"
    because = f"the first champion: {rest} is shown to beat {naive.name}, which needs no training"
    return Decision("first", naive.name, because + turned_away, floor.name, findings)


@dataclass(frozen=True)
class _Case:
    """A champion and those who stand against it."""

    contestants: Sequence[Contestant]
    floor: Contestant
    incumbent: Incumbent
    rule: Gate
    horizon: int
    refused: Mapping[str, str]

    def decide(self) -> Decision:
        """Another recipe where one is shown to be better, else the same on newer data."""
        home = self._home()
        opponent = home.losses if home and self._holds(home) else self.incumbent.losses
        others = [c for c in self.contestants if c is not home]
        confidence = _shared(self.rule.confidence, sum(not c.naive for c in others))
        gains = {c.name: gain(c.losses, opponent, self.horizon, confidence) for c in others}
        better = {c.name for c in others if self._takes_over(c, gains[c.name])}
        against = self.incumbent.name
        own = home.name if home else ""
        findings = _findings(self.contestants, own, "its own recipe", gains, better, self.refused)
        allowed = [c for c in others if c.name in better and c.name not in self.refused]
        if allowed:
            winner = min(allowed, key=_by_error)
            because = f"{winner.name} beats the champion's {against} by {gains[winner.name]}"
            return Decision("replace", winner.name, because, against, findings)
        kind, name, because = self._refresh(home)
        because += _turned_away(better, self.refused)
        return Decision(kind, name, because, against, findings)

    def _home(self) -> Contestant | None:
        """The champion's own recipe, fitted as all the others are."""
        return next((c for c in self.contestants if c.recipe == self.incumbent.recipe), None)

    def _holds(self, home: Contestant) -> bool:
        """Whether that fit does what the served one does, where both may be judged."""
        return math.isfinite(home.rmse) and self._behind(home) <= self.rule.margin

    def _behind(self, contestant: Contestant) -> float:
        """By which share its RMSE is above the served champion's, where both may be judged."""
        ours = rmse(contestant.losses[len(contestant.losses) - len(self.incumbent.losses) :])
        theirs = rmse(self.incumbent.losses)
        if len(self.incumbent.losses) == 0:  # it has seen every point
            return 0.0
        if not math.isfinite(ours):
            return math.inf
        if ours <= theirs:
            return ours / theirs - 1 if 0 < theirs < math.inf else 0.0
        return ours / theirs - 1 if theirs > 0 else math.inf

    def _takes_over(self, other: Contestant, over: Gain) -> bool:
        """Better by the margin, above the floor, and ahead of what is served."""
        margin = 0.0 if other.naive else self.rule.margin
        if not over.shown(margin) or other.rmse > self.floor.rmse:
            return False
        if len(self.incumbent.losses) < len(other.losses):  # it has seen most of the points
            return self._behind(other) <= 0
        served = gain(other.losses, self.incumbent.losses, self.horizon, over.confidence)
        return served.shown(margin)

    def _refresh(self, home: Contestant | None) -> tuple[Kind, str | None, str]:
        nothing = "no other recipe is shown to be better by the margin"
        if home is None:
            return (
                "kept",
                None,
                f"the champion's own recipe is not among the contestants; {nothing}",
            )
        if len(self.incumbent.losses) == 0:
            unknown = "no forecast can be checked yet that the champion has not seen the end of"
            return "kept", None, f"{unknown}; {nothing}"
        behind = self._behind(home)
        if home.name in self.refused:
            return "kept", None, f"{home.name} on newer data {self.refused[home.name]}; {nothing}"
        if home.rmse > self.floor.rmse:
            short = f"{home.name} fitted anew falls below {self.floor.name}"
            return "kept", None, f"{short}, which is not shown to be better either; {nothing}"
        if behind > self.rule.margin:
            worse = f"{home.name} fitted anew is {_percent(behind)} worse than the champion"
            return "kept", None, f"{worse}; {nothing}"
        fresh = f"{home.name} on newer data is no worse than the champion ({_signed(behind)} RMSE)"
        return "refresh", home.name, f"{fresh}; {nothing}"


def _findings(
    contestants: Sequence[Contestant],
    apart: str,
    why: str,
    gains: Mapping[str, Gain],
    better: set[str],
    refused: Mapping[str, str],
) -> tuple[Finding, ...]:
    """One a contestant, lowest RMSE first; `apart`: the one that is compared with nobody."""

    def verdict(name: str) -> str:
        if name in refused:
            return refused[name]
        if name == apart:
            return why
        return "better" if name in better else "not shown to be better"

    ranked = sorted(contestants, key=_by_error)
    return tuple(Finding(c.name, c.rmse, gains.get(c.name), verdict(c.name)) for c in ranked)


def _turned_away(better: set[str], refused: Mapping[str, str]) -> str:
    """Those that would have won, each with the reason why not."""
    return "".join(f"; {n} is better, but {refused[n]}" for n in sorted(better & set(refused)))


def _shared(confidence: float, others: int) -> float:
    """Bonferroni: each of several may err a part of what all together may."""
    return 1 - (1 - confidence) / max(1, others)


def _by_error(contestant: Contestant) -> float:
    return contestant.rmse


def _percent(share: float) -> str:
    return "infinitely" if math.isinf(share) else f"{100 * share:.2g} %"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f} %"
