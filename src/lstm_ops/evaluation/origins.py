"""Rolling origins: where fits end, from where forecasts start, and whether there is enough data.

A *cutoff* is how many points are known when a fit is due, an *origin* how many are known to one
forecast. After each cutoff come its origins, up to the next cutoff (Tashman 2000,
https://doi.org/10.1016/S0169-2070(00)00065-0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_ops.data.series import FloatArray
from lstm_ops.errors import InvalidSeries, SeriesTooShort
from lstm_ops.experiment import Experiment

# Below this many, a quantile of calibration errors says nothing.
LEAST_CALIBRATION = 2


@dataclass(frozen=True)
class Block:
    """One cutoff and the forecasts that follow it.

    The fit in use has seen the points from `first_seen` up to `fitted_at`, which is the cutoff
    unless the fit is an earlier one. origins: (n_origins,), the first at the cutoff or after it.
    """

    number: int
    cutoff: int
    first_seen: int
    fitted_at: int
    origins: NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """Every block of a backtest in order of time; `horizon` steps ahead from each origin."""

    blocks: tuple[Block, ...]
    horizon: int
    origin_step: int

    @property
    def origins(self) -> NDArray[np.int64]:
        """Of all blocks  # (n_origins,)."""
        return np.concatenate([block.origins for block in self.blocks])

    def fits(self) -> list[tuple[Block, ...]]:
        """Blocks that share a fit, together."""
        ends = dict.fromkeys(block.fitted_at for block in self.blocks)
        return [tuple(b for b in self.blocks if b.fitted_at == end) for end in ends]


def plan(n_points: int, experiment: Experiment) -> Plan:
    """The cutoffs and origins that `experiment.evaluation` asks for, on a series of that length.

    Raises `SeriesTooShort` where the horizon does not fit, cutoffs outnumber origins, a block is
    without one, or the first fit would have too few windows.
    """
    first, horizon = first_cutoff(n_points, experiment), horizon_of(experiment)
    span = n_points - first - horizon + 1  # origins that there could be
    _require_span(span, n_points, first, experiment)
    _require_fit(first, experiment)
    cutoffs = _cutoffs(first, span, experiment)
    ends = [*cutoffs[1:], _last_end(cutoffs, first + span, experiment)]
    blocks = tuple(_block(number, cutoffs, end, experiment) for number, end in enumerate(ends))
    return Plan(blocks, horizon, experiment.evaluation.origin_step)


def _block(number: int, cutoffs: list[int], end: int, experiment: Experiment) -> Block:
    """The one after `cutoffs[number]`; its origins lie before `end`."""
    evaluation, first, cutoff = experiment.evaluation, cutoffs[0], cutoffs[number]
    fitted_at = cutoffs[number - number % evaluation.cutoffs.refit_every]
    first_seen = fitted_at - first if evaluation.cutoffs.window == "sliding" else 0
    every = evaluation.origin_step
    origins = np.arange(cutoff + (first - cutoff) % every, end, every, dtype=np.int64)
    if len(origins):
        return Block(number, cutoff, first_seen, fitted_at, origins)
    raise SeriesTooShort(
        f'"{experiment.series}": between the cutoffs {cutoff} and {end} lies no origin, with '
        f"evaluation.origin_step={every}. Shorten it, or ask for fewer cutoffs"
    )


def horizon_of(experiment: Experiment) -> int:
    """Steps ahead: the evaluation's own, or the window's."""
    return experiment.evaluation.horizon or experiment.window.horizon


def first_cutoff(n_points: int, experiment: Experiment) -> int:
    """Points that the first fit sees; those of train where no other number is given."""
    return experiment.evaluation.cutoffs.first or int(n_points * experiment.split.train_fraction)


def calibration_start(n_seen: int, experiment: Experiment) -> int:
    """Of the points that a fit sees, how many come before those that calibrate its intervals."""
    return int(n_seen * (1 - experiment.split.validation_fraction))


def fitting_horizon(experiment: Experiment) -> int:
    """Steps that one call of a fit forecasts: `direct` fits all of them at once."""
    direct = experiment.evaluation.strategy == "direct"
    return horizon_of(experiment) if direct else experiment.window.horizon


def require_varied(values: FloatArray, plan: Plan, experiment: Experiment) -> None:
    """Raises `InvalidSeries` where MASE has nothing to scale by.

    values: (n_points,). That is where the points that a fit sees never change from season to
    season, or are no longer than one.
    """
    for blocks in plan.fits():
        _require_varied(values[blocks[0].first_seen : blocks[0].fitted_at], blocks[0], experiment)


def _require_varied(seen: FloatArray, block: Block, experiment: Experiment) -> None:
    first, season = len(seen), experiment.evaluation.season_length
    if first <= season:
        raise SeriesTooShort(
            f'"{experiment.series}" has {first} points before the cutoff at {block.cutoff}; MASE '
            f"with evaluation.season_length={season} needs more than a season"
        )
    if not np.any(seen[season:] != seen[:-season]):
        what = "value to value" if season == 1 else f"season to season of {season}"
        raise InvalidSeries(
            f'"{experiment.series}" never changes from {what} in the {first} points before the '
            f"cutoff at {block.cutoff}: MASE divides by that change. Give a series that varies, "
            "another evaluation.season_length, or a later evaluation.cutoffs.first"
        )


def _cutoffs(first: int, span: int, experiment: Experiment) -> list[int]:
    number, step = experiment.evaluation.cutoffs.number, experiment.evaluation.cutoffs.step
    needed = number if step is None else (number - 1) * step + 1
    if needed > span:
        asked = f"{number} cutoffs" + ("" if step is None else f" {step} points apart")
        raise SeriesTooShort(
            f'"{experiment.series}" has room for {span} origins after the first cutoff, at {first};'
            f" {asked} need at least {needed}. Ask for fewer cutoffs or an earlier "
            "evaluation.cutoffs.first, or give more history"
        )
    if step is None:
        return [first + i * span // number for i in range(number)]
    return [first + i * step for i in range(number)]


def _last_end(cutoffs: list[int], end: int, experiment: Experiment) -> int:
    """After the last cutoff come as many points as after the others, where a step is given."""
    step = experiment.evaluation.cutoffs.step
    return end if step is None else min(end, cutoffs[-1] + step)


def _require_span(span: int, n_points: int, first: int, experiment: Experiment) -> None:
    if span < 1:
        raise SeriesTooShort(
            f'"{experiment.series}" has {max(0, n_points - first)} points after the first cutoff, '
            f"at {first} of {n_points}; a horizon of {horizon_of(experiment)} needs as many as it "
            "is long. Shorten evaluation.horizon, or set an earlier evaluation.cutoffs.first"
        )


def _require_windows(n_windows: int, experiment: Experiment) -> None:
    """Early stopping leaves some of the smallest fit's to train on."""
    stopping, horizon = experiment.training.early_stopping, fitting_horizon(experiment)
    if stopping is None:
        return
    held_out = max(1, int(n_windows * stopping.fraction)) + horizon - 1
    if n_windows <= held_out:
        raise SeriesTooShort(
            f'"{experiment.series}": the first fit has {n_windows} windows, and '
            f"training.early_stopping holds {held_out} out of it. Set a later "
            "evaluation.cutoffs.first, or leave early stopping out"
        )


def _require_fit(first: int, experiment: Experiment) -> None:
    """A fit, and one before it that leaves windows out to calibrate intervals on."""
    window, horizon = experiment.window, horizon_of(experiment)
    length = window.look_back + fitting_horizon(experiment) + int(window.drop_last_pair)
    start = calibration_start(first, experiment)
    calibrating = (first - start - horizon) // experiment.evaluation.origin_step + 1
    if start >= length and calibrating >= LEAST_CALIBRATION:
        _require_windows(start - length + 1, experiment)
        return
    raise SeriesTooShort(
        f'"{experiment.series}": the first cutoff leaves {first} points, {start} to fit on and '
        f"{first - start} to calibrate intervals on; look_back={window.look_back} and "
        f"horizon={horizon} need at least {length} and "
        f"{horizon + (LEAST_CALIBRATION - 1) * experiment.evaluation.origin_step}. Shorten them, "
        "or set a later evaluation.cutoffs.first"
    )
