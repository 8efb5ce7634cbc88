"""Who stands before the gate: the champion as it is served, recipes, points to judge on."""

from __future__ import annotations

from dataclasses import dataclass
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
from lstm_ops.evaluation.gate import Decision, Incumbent
from lstm_ops.experiment import Experiment
from lstm_ops.experiment.recipe import alone
from lstm_ops.tracking import champions, ledger, names
from lstm_ops.tracking.champions import Loaded, Version


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
    """`settled` is a decision that needs no contest; `incumbent` None: there is no champion yet."""

    champion: Version | None
    incumbent: Incumbent | None
    contenders: tuple[Contender, ...]
    terms: Terms
    settled: Decision | None = None

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

    Raises `ChampionUnusable` where it cannot be loaded or scored, `InvalidSeries` where it was
    trained on data of another step.
    """
    recipe, store = opened.recipe, tracking_store()
    observed = series_files.read(series)
    if recipe.gate.mode == "off":
        return _left_alone(recipe, len(observed))
    ledger.settle(store, recipe.series, now)
    champion = champions.look(store, recipe.series, names.CHAMPION)
    if champion is None:
        found = contest.contenders(recipe)
        return Call(None, None, tuple(found), contest.terms(len(observed), recipe, found))
    own = _own_recipe(champion)
    found, terms = _terms(len(observed), recipe, own)
    loaded = champions.load(store, champion)
    _require_same_step(loaded, observed)
    seen = observed.points_until(champion.cutoff) if champion.cutoff else len(observed)
    losses = _losses(loaded, observed, terms, seen)
    # On a version that was registered before it was noted there, it is worked out.
    fingerprint = champion.recipe or (contest.as_it_is(recipe, own).fingerprint if own else "")
    incumbent = Incumbent(champion.forecaster, fingerprint, losses)
    return Call(champion, incumbent, tuple(found), terms, _nothing_new(observed, seen, recipe))


def _left_alone(recipe: Experiment, n_points: int) -> Call:
    champion = champions.look(tracking_store(), recipe.series, names.CHAMPION)
    off = Decision("kept", None, "gate.mode is off", "")
    return Call(champion, None, (), Terms(n_points, n_points, 1), off)


def _terms(
    n_points: int, recipe: Experiment, own: Experiment | None
) -> tuple[list[Contender], Terms]:
    """With the champion's own recipe, unless the series is too short for that one."""
    found = contest.contenders(recipe, own)
    try:
        return found, contest.terms(n_points, recipe, found)
    except SeriesTooShort:
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


def _require_same_step(loaded: Loaded, series: Series) -> None:
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
    if len(origins) == 0:
        _forecast(loaded, series, len(series), terms.horizon)  # whether it does at all
        return np.empty(0)
    foretold = np.array([_forecast(loaded, series, o, terms.horizon) for o in origins])
    losses = contest.squared(series.values, origins, foretold)
    if not np.isfinite(losses).all():
        raise ChampionUnusable(
            f"{loaded.version} of {series.name!r} forecasts what is no number. Nothing was changed"
        )
    return losses


def _forecast(loaded: Loaded, series: Series, origin: int, horizon: int) -> FloatArray:
    history = series.frame.iloc[max(0, origin - loaded.look_back) : origin]
    answer = loaded.forecast(history["t"], history["y"], horizon)
    return answer["forecast"].to_numpy(dtype=np.float64)


def _nothing_new(series: Series, seen: int, recipe: Experiment) -> Decision | None:
    new, needed = len(series) - seen, recipe.gate.new_points
    if new >= needed:
        return None
    because = (
        f"{new or 'no'} point{'s' if new > 1 else ''} since the champion's cutoff; "
        f"gate.new_points asks for {needed}"
    )
    return Decision("kept", None, because, "")
