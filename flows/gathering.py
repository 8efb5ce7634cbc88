"""Who stands before the gate: the champion as it is served, recipes, points to judge on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from prefect.logging import get_run_logger

from flows.beginning import Opened
from flows.store import now, tracking_store
from lstm_ops import experiment as experiments
from lstm_ops.data import series as series_files
from lstm_ops.data.series import FloatArray, Series
from lstm_ops.data.spacing import keeps_to
from lstm_ops.errors import ChampionUnusable, InvalidExperiment, InvalidSeries, SeriesTooShort
from lstm_ops.evaluation import contest
from lstm_ops.evaluation.contest import Contender, Terms
from lstm_ops.evaluation.gate import Decision, Incumbent, Kind
from lstm_ops.experiment import Experiment
from lstm_ops.experiment.recipe import alone
from lstm_ops.tracking import champions, ledger, names
from lstm_ops.tracking.champions import Loaded, Version
from lstm_ops.tracking.ledger import Entry


@dataclass(frozen=True)
class Attempt:
    """One recipe with one seed."""

    contender: Contender
    seed: int | None

    def __str__(self) -> str:
        seed = "" if self.seed is None else f" seed {self.seed}"
        return f"{self.contender.name}{seed}"


@dataclass(frozen=True)
class Call:
    """`settled` is a decision that needs no contest; `made`: it stands in the ledger already, from
    an earlier try of the same flow run. `incumbent` None: there is no champion yet."""

    champion: Version | None
    incumbent: Incumbent | None
    contenders: tuple[Contender, ...]
    terms: Terms
    settled: Decision | None = None
    made: Entry | None = None

    def attempts(self) -> list[Attempt]:
        """Every recipe with every seed; none where nothing is left to decide."""
        if self.settled:
            return []
        return [Attempt(c, seed) for c in self.contenders for seed in c.seeds()]


def require_contest(series: Series, recipe: Experiment) -> None:
    """Raises `SeriesTooShort` where the gate would have too little to judge on."""
    if recipe.gate.mode != "off":
        contest.terms(len(series), recipe, contest.contenders(recipe))


def call(opened: Opened, series: Path) -> Call:
    """Load and score the champion on what it has not seen; name those who stand against it.

    Raises `ChampionUnusable` where it cannot be loaded or scored, `InvalidSeries` where the data
    are not of its kind.
    """
    recipe, store = opened.recipe, tracking_store()
    observed = series_files.read(series)
    if recipe.gate.mode == "off":
        return _settled(recipe, len(observed), Decision("kept", None, "gate.mode is off", ""))
    known = ledger.settle(store, recipe.series, now)
    if made := next((e for e in known if e.run_id == opened.run_id and e.state == "done"), None):
        before = Decision(_kind(made), None, made.because, "")
        return replace(_settled(recipe, len(observed), before), made=made)
    champion = champions.look(store, recipe.series, names.CHAMPION)
    if champion is None:
        found = contest.contenders(recipe)
        return Call(None, None, tuple(found), contest.terms(len(observed), recipe, found))
    return _against(champion, known, observed, recipe)


def _against(
    champion: Version, known: Sequence[Entry], observed: Series, recipe: Experiment
) -> Call:
    """With the champion loaded and scored on what it has not seen."""
    own = _own_recipe(champion)
    found, terms = _terms(len(observed), recipe, own)
    loaded = champions.load(tracking_store(), champion)
    _require_its_kind(loaded, observed)
    seen = observed.points_until(champion.cutoff) if champion.cutoff else len(observed)
    # On a version that was registered before it was noted there, it is worked out.
    fingerprint = champion.recipe or (contest.as_it_is(recipe, own).fingerprint if own else "")
    losses = _losses(loaded, observed, terms, seen)
    incumbent = Incumbent(champion.forecaster, fingerprint, losses)
    settled = _nothing_new(champion, known, observed, seen, recipe)
    return Call(champion, incumbent, tuple(found), terms, settled)


def _settled(recipe: Experiment, n_points: int, decision: Decision) -> Call:
    champion = champions.look(tracking_store(), recipe.series, names.CHAMPION)
    return Call(champion, None, (), Terms(n_points, n_points, 1), decision)


def _kind(entry: Entry) -> Kind:
    return entry.kind if entry.kind in ("first", "refresh", "replace") else "kept"


def _terms(
    n_points: int, recipe: Experiment, own: Experiment | None
) -> tuple[list[Contender], Terms]:
    """With the champion's own recipe, unless the series is too short for that one."""
    found = contest.contenders(recipe, own)
    try:
        return found, contest.terms(n_points, recipe, found)
    except SeriesTooShort as reason:
        if own is None:
            raise
        get_run_logger().warning("The champion's own recipe is no contestant: %s", reason)
        found = contest.contenders(recipe)
        return found, contest.terms(n_points, recipe, found)


def _own_recipe(champion: Version) -> Experiment | None:
    """What it was made by; None, with a line in the log, where that is gone or not understood."""
    path = champions.recipe_of(tracking_store(), champion)
    if path is not None:
        try:
            recipe = experiments.load(str(path))
        except InvalidExperiment as reason:
            get_run_logger().warning("The recipe of %s is not understood: %s", champion, reason)
            return None
        for spec in recipe.forecasters:
            if spec.name == champion.forecaster:
                return alone(recipe, spec)
    get_run_logger().warning("The recipe of %s is gone; it stands as it is served", champion)
    return None


def _require_its_kind(loaded: Loaded, series: Series) -> None:
    """That the champion may be asked with these data at all."""
    if len(series) < loaded.look_back:
        raise SeriesTooShort(
            f"{series.name!r} has {len(series)} points; {loaded.version}, its champion, looks back "
            f"{loaded.look_back}. Nothing was changed. Give more history"
        )
    if not keeps_to(series.frame["t"], loaded.spacing):
        raise InvalidSeries(
            f"{series.name!r} comes at steps of {series.spacing}; {loaded.version}, its champion, "
            f"was trained at steps of {loaded.spacing}. Nothing was changed. Mend the data, or "
            "give a series of another step a name of its own"
        )


def _losses(loaded: Loaded, series: Series, terms: Terms, seen: int) -> FloatArray:
    """Of the version as it is served, asked as its consumers ask it  # (k,)."""
    origins = terms.after(seen)
    origins = origins[origins >= loaded.look_back]
    asked = origins if len(origins) else [len(series)]  # whether it forecasts at all
    foretold = np.array([_forecast(loaded, series, o, terms.horizon) for o in asked])
    if not np.isfinite(foretold).all():
        raise ChampionUnusable(
            f"{loaded.version} of {series.name!r} forecasts what is no number. Nothing was "
            f"changed. Roll back with `lstm-ops champion rollback {series.name} --because …`"
        )
    if len(origins) == 0:
        return np.empty(0)
    return contest.squared(series.values, origins, foretold)


def _forecast(loaded: Loaded, series: Series, origin: int, horizon: int) -> FloatArray:
    history = series.frame.iloc[max(0, origin - loaded.look_back) : origin]
    answer = loaded.forecast(history["t"], history["y"], horizon)
    return answer["forecast"].to_numpy(dtype=np.float64)


def _nothing_new(
    champion: Version, known: Sequence[Entry], series: Series, seen: int, recipe: Experiment
) -> Decision | None:
    """What a person decided holds until there are points that they did not know."""
    needed = recipe.gate.new_points
    if not champion.cutoff:
        because = "nobody knows what the champion has seen; promote a newer version by hand"
        return Decision("kept", None, because, "")
    since = "the champion's cutoff"
    if (left := _left_by_hand(known, series)) is not None:
        needed = max(1, needed)
        if left > seen:
            seen, since = left, "a person's decision"
    new = len(series) - seen
    if new >= needed:
        return None
    points = f"{new} point{'s' if new > 1 else ''}" if new > 0 else "no point"
    because = f"{points} since {since}; gate.new_points asks for {needed}"
    return Decision("kept", None, because, "")


def _left_by_hand(known: Sequence[Entry], series: Series) -> int | None:
    """Points known to the version that a person left last; None where the gate moved since."""
    moves = [e for e in known if e.state == "done" and e.from_version != e.to_version]
    if not moves or moves[-1].kind not in ("forced", "rollback"):
        return None
    left = champions.look(tracking_store(), series.name, moves[-1].from_version or "")
    return series.points_until(left.cutoff) if left and left.cutoff else 0
