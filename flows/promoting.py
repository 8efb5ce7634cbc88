"""The steps before and after the gate: fits to be judged, the winner fitted anew, the decision."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from prefect.logging import get_run_logger

from flows.beginning import Opened
from flows.gathering import Attempt, Call
from flows.progress import progress
from flows.refitting import Refitted, fit_anew
from flows.store import tracking_store
from lstm_ops.data import series as series_files
from lstm_ops.data.series import FloatArray, Series
from lstm_ops.errors import ChampionUnusable
from lstm_ops.evaluation import contest, gate
from lstm_ops.evaluation.contest import Contender, Entry, Terms
from lstm_ops.evaluation.gain import rmse
from lstm_ops.evaluation.gate import Contestant, Decision
from lstm_ops.experiment import Budget
from lstm_ops.models import catalog
from lstm_ops.tracking import champions, runs
from lstm_ops.tracking.champions import Loaded

TRIES = 9  # forecasts, of which the median time counts


@dataclass(frozen=True)
class Weighed:
    """A decision, and the winner fitted on all data; None where nobody won."""

    decision: Decision
    made: Refitted | None


def prepare_contest(call: Call, series: Path) -> None:
    """What networks of one shape share, before fits race."""
    if not call.settled:
        contest.prepare(call.contenders, series_files.read(series).values, call.terms)


def enter_contest(attempt: Attempt, series: Path, terms: Terms) -> Entry:
    """One recipe with one seed, fitted up to the cutoff and judged on what came after."""
    contender = attempt.contender
    epochs = catalog.training_of(contender.spec, contender.recipe).epochs
    with progress(f"{attempt}, before the gate", epochs, get_run_logger()) as on_epoch:
        values = series_files.read(series).values
        return contest.enter(contender, attempt.seed, values, terms, on_epoch)


def weigh(opened: Opened, call: Call, series: Path, entries: Sequence[Entry]) -> Weighed:
    """Decide; fit the winner anew on all data and register it. One that does not pass as it would
    be served is refused, and the decision made again without it."""
    if call.settled:
        return Weighed(call.settled, None)
    observed, refused = series_files.read(series), dict[str, str]()
    while True:
        decision = _decide(opened, call, entries, refused)
        if decision.winner is None or opened.recipe.gate.mode == "dry_run":
            return Weighed(decision, None)
        chosen = contest.typical([e for e in entries if e.contender.name == decision.winner])
        made = fit_anew(opened, chosen, observed)
        reason = _refusal(opened, made, call, observed, entries)
        if reason is None:
            return Weighed(decision, made)
        refused[decision.winner] = reason


def _decide(
    opened: Opened, call: Call, entries: Sequence[Entry], refused: dict[str, str]
) -> Decision:
    horizon = call.terms.horizon
    return gate.decide(
        _contestants(call, entries), call.incumbent, opened.recipe.gate, horizon, refused
    )


def _contestants(call: Call, entries: Sequence[Entry]) -> list[Contestant]:
    return [
        Contestant(c.name, c.fingerprint, c.naive, _mean_losses(c, entries))
        for c in call.contenders
    ]


def _mean_losses(contender: Contender, entries: Sequence[Entry]) -> FloatArray:
    """Over its seeds  # (n_origins,)."""
    of_it = [e.losses for e in entries if e.contender.name == contender.name]
    return np.asarray(np.mean(of_it, axis=0))


def _refusal(
    opened: Opened, made: Refitted, call: Call, series: Series, entries: Sequence[Entry]
) -> str | None:
    """Why a winner must not be champion as it would be served; None where it may be."""
    if reason := _below_the_floor(made, call, series, entries):
        return reason
    store, gate = tracking_store(), opened.recipe.gate
    try:
        loaded = champions.load(store, made.version, made.model_id)
        costs = {
            "gate/megabytes": champions.megabytes(store, made.model_id),
            "gate/milliseconds": _milliseconds(loaded, series, opened.recipe.forecast.horizon),
        }
    except ChampionUnusable as trouble:
        get_run_logger().error("%s", trouble)
        return "cannot be served as it was logged"
    runs.log(store, made.run_id, metrics=costs)
    return _beyond(gate.budget, *costs.values())


def _below_the_floor(
    made: Refitted, call: Call, series: Series, entries: Sequence[Entry]
) -> str | None:
    """A fit may go astray where the one before did not; on points that it knows it must not."""
    if made.contender.naive:
        return None
    error = rmse(contest.losses_of(made.rolling, series.values, call.terms))
    floor = min(rmse(e.losses) for e in entries if e.contender.naive)
    if error <= floor:
        return None
    return f"has, fitted on all data, an RMSE of {error:.4g}, the naive floor {floor:.4g}"


def _beyond(budget: Budget, megabytes: float, milliseconds: float) -> str | None:
    if budget.megabytes is not None and megabytes > budget.megabytes:
        return f"has {megabytes:.3g} MB, and gate.budget.megabytes is {budget.megabytes:g}"
    if budget.milliseconds is not None and milliseconds > budget.milliseconds:
        allowed = budget.milliseconds
        return f"takes {milliseconds:.3g} ms, and gate.budget.milliseconds is {allowed:g}"
    return None


def _milliseconds(loaded: Loaded, series: Series, horizon: int) -> float:
    """For one forecast from as much history as it needs, the median of several."""
    history = series.frame.tail(loaded.look_back)
    seconds = []
    for _ in range(TRIES):
        started = time.perf_counter()
        loaded.forecast(history["t"], history["y"], horizon)
        seconds.append(time.perf_counter() - started)
    return 1000 * statistics.median(seconds)
