"""A backtest in pieces: one forecaster, one seed, one fit, and the forecasts until the next fit.

A piece needs nothing of any other, so pieces run side by side, are tried again alone, and are kept
one by one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstm_ops.data.series import FloatArray
from lstm_ops.data.windows import cut
from lstm_ops.evaluation import origins as planning
from lstm_ops.evaluation.conformal import adaptive_margins, split_margin
from lstm_ops.evaluation.origins import Block, Plan
from lstm_ops.evaluation.rolling import Rolling, fit_on, targets_of
from lstm_ops.experiment import Experiment, ForecasterSpec, Window
from lstm_ops.models import catalog
from lstm_ops.models.forecaster import Forecaster, OnEpoch, ignore_epochs
from lstm_ops.models.network import expect_at_once


@dataclass(frozen=True)
class Piece:
    """One fit and the blocks that are forecast with it. `seed` is None where none is needed."""

    spec: ForecasterSpec
    seed: int | None
    blocks: tuple[Block, ...]

    def __str__(self) -> str:
        seed = "" if self.seed is None else f" seed {self.seed}"
        return f"{self.spec.name}{seed} at {self.blocks[0].cutoff}"


@dataclass(frozen=True)
class Forecasts:
    """What a piece foretold, in the units of the series.

    origins: (n,); forecasts: (n, horizon); adaptive: (n, horizon) and split: (horizon,), half the
    width of the intervals; seconds: of the fit that forecasts.
    """

    origins: NDArray[np.int64]
    forecasts: FloatArray
    adaptive: FloatArray
    split: FloatArray
    seconds: float


def pieces(plan: Plan, experiment: Experiment) -> list[Piece]:
    """Every forecaster with every seed at every fit; those that no seed changes once a fit."""
    seeds = experiment.evaluation.seeds or experiment.seeds
    return [
        Piece(spec, seed, blocks)
        for spec in experiment.forecasters
        for seed in (seeds if catalog.create(spec, experiment).stochastic else (None,))
        for blocks in plan.fits()
    ]


def prepare(pieces: list[Piece], values: FloatArray, experiment: Experiment, copies: int) -> None:
    """Make ready what fits of one shape share, for `copies` fits at once. Fits nothing."""
    expect_at_once(copies)
    done = set()
    for piece in pieces:
        for seen in _parts_seen(piece, values, experiment):
            if (piece.spec.name, len(seen)) not in done:
                done.add((piece.spec.name, len(seen)))
                windows = cut(seen, _window(experiment))
                forecaster = catalog.create(piece.spec, experiment)
                forecaster.prepare(windows.inputs, windows.targets, copies=copies)


def run_piece(
    piece: Piece, values: FloatArray, experiment: Experiment, on_epoch: OnEpoch = ignore_epochs
) -> Forecasts:
    """Fit, forecast from every origin, and say how far off that may be. values: (n_points,).

    Both fits see values before the cutoff only: the one that forecasts all of them, the one that
    calibrates intervals those before the calibration part.
    """
    forecaster = catalog.create(piece.spec, experiment)
    earlier, seen = _parts_seen(piece, values, experiment)
    calibration = _calibration_errors(forecaster, piece, earlier, seen, experiment)
    started = time.perf_counter()
    rolling = _fit(forecaster, piece, seen, experiment, on_epoch)
    seconds = time.perf_counter() - started
    origins = np.concatenate([block.origins for block in piece.blocks])
    horizon, level = planning.horizon_of(experiment), experiment.evaluation.level
    forecasts = rolling.ahead(values, origins, horizon)
    errors = np.abs(targets_of(values, origins, horizon) - forecasts)
    adaptive = adaptive_margins(calibration, errors, level, _delays(experiment))
    return Forecasts(origins, forecasts, adaptive, split_margin(calibration, level), seconds)


def save(result: Forecasts, path: Path) -> None:
    """Every array to one `.npz` file."""
    arrays = {f.name: np.asarray(getattr(result, f.name)) for f in fields(result)}
    np.savez_compressed(path, allow_pickle=False, **arrays)


def read(path: Path) -> Forecasts:
    """What `save` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return Forecasts(
            **{name: arrays[name] for name in ("origins", "forecasts", "adaptive", "split")},
            seconds=float(arrays["seconds"]),
        )


def _parts_seen(
    piece: Piece, values: FloatArray, experiment: Experiment
) -> tuple[FloatArray, FloatArray]:
    """What the fit that calibrates and the fit that forecasts may see, and no point more."""
    block = piece.blocks[0]
    seen = values[block.first_seen : block.fitted_at]
    return seen[: planning.calibration_start(len(seen), experiment)], seen


def _calibration_errors(
    forecaster: Forecaster,
    piece: Piece,
    earlier: FloatArray,
    seen: FloatArray,
    experiment: Experiment,
) -> FloatArray:
    """Absolute errors  # (m, horizon) between the end of `earlier` and that of `seen`."""
    rolling = _fit(forecaster, piece, earlier, experiment, ignore_epochs)
    horizon, every = planning.horizon_of(experiment), experiment.evaluation.origin_step
    # Counted from the end, so that the newest errors are among them.
    origins = np.arange(len(seen) - horizon, len(earlier) - 1, -every, dtype=np.int64)[::-1]
    forecasts = rolling.ahead(seen, origins, horizon)
    return np.asarray(np.abs(targets_of(seen, origins, horizon) - forecasts))


def _fit(
    forecaster: Forecaster,
    piece: Piece,
    seen: FloatArray,
    experiment: Experiment,
    on_epoch: OnEpoch,
) -> Rolling:
    return fit_on(
        forecaster,
        seen,
        _window(experiment),
        experiment.scaling,
        seed=piece.seed or 0,
        on_epoch=on_epoch,
    )


def _window(experiment: Experiment) -> Window:
    return experiment.window.model_copy(update={"horizon": planning.fitting_horizon(experiment)})


def _delays(experiment: Experiment) -> NDArray[np.int64]:
    """How many forecasts later the error of each step is known  # (horizon,)."""
    steps = np.arange(1, planning.horizon_of(experiment) + 1)
    return -(-steps // experiment.evaluation.origin_step)
