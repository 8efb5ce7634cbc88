"""A contest: recipes fitted up to one cutoff and judged on the newest points, which none has seen.

Whoever stands in it forecasts from the same origins, so that losses are compared pair by pair.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_ops.data.series import FloatArray
from lstm_ops.data.windows import cut
from lstm_ops.errors import SeriesTooShort
from lstm_ops.evaluation.calibration import calibration_errors
from lstm_ops.evaluation.evidence import LEAST_BLOCKS
from lstm_ops.evaluation.origins import horizon_of
from lstm_ops.evaluation.rolling import Rolling, fit_on, targets_of
from lstm_ops.experiment import Experiment, ForecasterSpec, PersistenceSpec, SeasonalNaiveSpec
from lstm_ops.experiment.recipe import alone, fingerprint
from lstm_ops.models import catalog
from lstm_ops.models.forecaster import OnEpoch, ignore_epochs

LEAST_ORIGINS = 8
NAIVE = ("persistence", "seasonal_naive")


@dataclass(frozen=True)
class Contender:
    """A recipe that stands in a contest: an experiment with one forecaster. `name` is its own."""

    name: str
    recipe: Experiment

    @property
    def spec(self) -> ForecasterSpec:
        """The forecaster."""
        return self.recipe.forecasters[0]

    @property
    def naive(self) -> bool:
        """Whether it needs no fit: the floor that a champion has to stand above."""
        return self.spec.kind in NAIVE

    @property
    def fingerprint(self) -> str:
        """What tells recipes apart."""
        return fingerprint(self.recipe)

    def seeds(self) -> Sequence[int | None]:
        """The experiment's; one without a seed where none is needed."""
        forecaster = catalog.create(self.spec, self.recipe)
        return self.recipe.seeds if forecaster.stochastic else (None,)


@dataclass(frozen=True)
class Terms:
    """Fits see the first `cutoff` of `n_points`; forecasts are `horizon` steps ahead."""

    n_points: int
    cutoff: int
    horizon: int

    @property
    def origins(self) -> NDArray[np.int64]:
        """All from which every step is known by now  # (n_origins,)."""
        return np.arange(self.cutoff, self.n_points - self.horizon + 1, dtype=np.int64)

    def after(self, seen: int) -> NDArray[np.int64]:
        """Those of them that one who has seen that many points does not know  # (k,)."""
        return self.origins[self.origins >= seen]


@dataclass(frozen=True)
class Entry:
    """What a contender with one seed foretold.

    losses: (n_origins,), squared errors averaged over the steps ahead; calibration: (m, steps).
    """

    contender: Contender
    seed: int | None
    losses: FloatArray
    calibration: FloatArray


def contenders(experiment: Experiment, champion: Experiment | None = None) -> list[Contender]:
    """Every recipe of the experiment, the naive ones, and that of the champion.

    `champion`: an experiment with one forecaster; of it only what decides the fit is taken.
    """
    found = [Contender(str(s.name), alone(experiment, s)) for s in experiment.forecasters]
    for naive in _naive(experiment):
        _add(found, naive, "plain")
    if champion is not None:
        _add(found, as_it_is(experiment, champion), "before")
    return found


def as_it_is(experiment: Experiment, champion: Experiment) -> Contender:
    """The champion's one forecaster, fitted as it was, judged as the experiment says."""
    fitted = {name: getattr(champion, name) for name in ("window", "scaling", "training")}
    (spec,) = champion.forecasters
    return Contender(str(spec.name), alone(experiment, spec).model_copy(update=fitted))


def terms(n_points: int, experiment: Experiment, recipes: Sequence[Contender]) -> Terms:
    """The newest `gate.origins` points, of a short series those after its train part.

    Raises `SeriesTooShort` where too few are left to judge on, or to fit on.
    """
    horizon, gate = horizon_of(experiment), experiment.gate
    after_train = n_points - int(n_points * experiment.split.train_fraction)
    least = max(LEAST_ORIGINS, LEAST_BLOCKS * horizon)  # with fewer nothing can be shown
    origins = min(max(gate.origins, least), after_train - horizon + 1)
    if origins < least:
        raise SeriesTooShort(
            f'"{experiment.series}" has {n_points} points, {after_train} of them after its train '
            f"part; the gate needs at least {least + horizon - 1} there for a horizon of "
            f"{horizon}. Give more history, shorten evaluation.horizon, lower "
            "split.train_fraction, or set gate.mode to off"
        )
    result = Terms(n_points, n_points - horizon + 1 - origins, horizon)
    for contender in recipes:
        _require_windows(contender, result.cutoff)
    return result


def prepare(recipes: Sequence[Contender], values: FloatArray, terms: Terms) -> None:
    """One after another, before fits race: what networks of one shape share. Fits nothing."""
    for contender in recipes:
        windows = cut(values[: terms.cutoff], contender.recipe.window)
        forecaster = catalog.create(contender.spec, contender.recipe)
        forecaster.prepare(windows.inputs, windows.targets)


def enter(
    contender: Contender,
    seed: int | None,
    values: FloatArray,
    terms: Terms,
    on_epoch: OnEpoch = ignore_epochs,
) -> Entry:
    """Fit on what came before the cutoff, forecast what came after. values: (n_points,)."""
    rolling = fit(contender, seed, values[: terms.cutoff], on_epoch)
    steps = contender.recipe.forecast.horizon
    return Entry(
        contender,
        seed,
        losses_of(rolling, values, terms),
        calibration_errors(rolling, values, terms.cutoff, steps),
    )


def fit(
    contender: Contender, seed: int | None, seen: FloatArray, on_epoch: OnEpoch = ignore_epochs
) -> Rolling:
    """The recipe fitted on every window of `seen` (n_seen,)."""
    recipe = contender.recipe
    return fit_on(
        catalog.create(contender.spec, recipe),
        seen,
        recipe.window,
        recipe.scaling,
        seed=seed or 0,
        on_epoch=on_epoch,
    )


def losses_of(rolling: Rolling, values: FloatArray, terms: Terms) -> FloatArray:
    """Squared errors averaged over the steps ahead, from every origin  # (n_origins,)."""
    forecasts = rolling.ahead(values, terms.origins, terms.horizon)
    return squared(values, terms.origins, forecasts)


def squared(values: FloatArray, origins: NDArray[np.int64], forecasts: FloatArray) -> FloatArray:
    """Losses of forecasts (n, horizon) from n origins  # (n,)."""
    errors = targets_of(values, origins, forecasts.shape[1]) - forecasts
    with np.errstate(over="ignore", invalid="ignore"):  # a diverged training's are infinite
        losses = np.mean(errors**2, axis=1)
    return np.where(np.isfinite(losses), losses, np.inf)


def typical(entries: Sequence[Entry]) -> Entry:
    """Of one contender's seeds the one of median loss, of two in the middle the better one."""
    ranked = sorted(entries, key=lambda entry: float(entry.losses.mean()))
    middle = statistics.median_low(range(len(ranked)))
    return ranked[middle]


def _naive(experiment: Experiment) -> list[Contender]:
    """Persistence, and last season's value where the experiment names a season."""
    season = experiment.evaluation.season_length
    specs: list[ForecasterSpec] = [PersistenceSpec(kind="persistence", name="persistence")]
    if season > 1:
        named = {"kind": "seasonal_naive", "name": "seasonal_naive", "season_length": season}
        specs.append(SeasonalNaiveSpec.model_validate(named))
    return [Contender(str(spec.name), _seen_by_naive(experiment, spec)) for spec in specs]


def _seen_by_naive(experiment: Experiment, spec: ForecasterSpec) -> Experiment:
    """With windows as long as it needs."""
    look_back = max(experiment.window.look_back, spec.needs)
    window = experiment.window.model_copy(update={"look_back": look_back})
    return alone(experiment, spec).model_copy(update={"window": window})


def _add(found: list[Contender], another: Contender, suffix: str) -> None:
    """Unless its recipe is there; under a name of its own where somebody has that name."""
    if another.fingerprint in {contender.fingerprint for contender in found}:
        return
    taken, name = {contender.name for contender in found}, another.name
    while name in taken:
        name = f"{name}-{suffix}"
    found.append(Contender(name, another.recipe))


def _require_windows(contender: Contender, cutoff: int) -> None:
    window = contender.recipe.window
    needed = window.look_back + window.horizon + int(window.drop_last_pair)
    if cutoff < needed:
        raise SeriesTooShort(
            f'"{contender.recipe.series}" has {cutoff} points before those that the gate judges '
            f"on; {contender.name} needs at least {needed}. Give more history, or lower "
            "gate.origins, window.look_back or evaluation.season_length"
        )
