"""One trial: a forecaster with one seed, scored on validation, then fitted anew and scored."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from lstm_ops.data.scaling import Scaling, fit_scaling
from lstm_ops.data.series import FloatArray
from lstm_ops.data.windows import Parts, Windows
from lstm_ops.evaluation.calibration import calibration_errors
from lstm_ops.evaluation.metrics import rmse, rmse_tutorial, skill
from lstm_ops.evaluation.rolling import Rolling
from lstm_ops.experiment import ScalingKind
from lstm_ops.models.forecaster import Fitted, Forecaster, OnEpoch, ignore_epochs


@dataclass(frozen=True)
class Trial:
    """A fit on all of train, with its scaling, its figures and its forecasts in units of y.

    train_forecasts, test_forecasts: (n_windows, horizon); calibration: (m, steps), absolute errors
    of the fit that was scored on validation, on points that it had not seen.
    """

    fitted: Fitted
    scaling: Scaling
    calibration: FloatArray
    metrics: dict[str, float]
    train_forecasts: FloatArray
    test_forecasts: FloatArray


def prepare(forecaster: Forecaster, parts: Parts) -> None:
    """Make ready what the two fits of every trial of a forecaster share. Fits nothing."""
    for part in (parts.fit, parts.train):
        forecaster.prepare(part.inputs, part.targets)


def run_trial(
    forecaster: Forecaster,
    parts: Parts,
    scaling_kind: ScalingKind,
    *,
    seed: int,
    signal: FloatArray | None = None,
    steps: int = 1,
    on_epoch: OnEpoch = ignore_epochs,
    on_validation_epoch: OnEpoch = ignore_epochs,
) -> Trial:
    """Fit on the first part of train to score validation, then on all of train for the rest.

    `signal`: (n_points,), the noise-free series where it is known; `steps`: how many steps ahead
    are calibrated. Nothing sees the test part before it is fitted.
    """
    earlier = validation_fit(forecaster, parts, scaling_kind, seed, on_validation_epoch)
    foretold = _forecast(earlier.fitted, parts.validation, earlier.scaling)
    scaling = fit_scaling(scaling_kind, parts.train_values)
    started = time.perf_counter()
    fitted = _fit(forecaster, parts.train, scaling, seed, on_epoch)
    seconds = time.perf_counter() - started
    train, test = (_forecast(fitted, part, scaling) for part in (parts.train, parts.test))
    metrics = {
        "validation/rmse": rmse(parts.validation.targets, foretold),
        **_scores("train", parts.train, train),
        **_scores("test", parts.test, test),
        **_relative(parts.test, test, signal),
        **_effort(fitted, seconds),
    }
    calibration = calibration_errors(earlier, parts.train_values, len(parts.fit_values), steps)
    return Trial(fitted, scaling, calibration, metrics, train, test)


def validation_fit(
    forecaster: Forecaster,
    parts: Parts,
    kind: ScalingKind,
    seed: int,
    on_epoch: OnEpoch = ignore_epochs,
) -> Rolling:
    """A fit that ends where the validation part begins."""
    scaling = fit_scaling(kind, parts.fit_values)
    fitted = _fit(forecaster, parts.fit, scaling, seed, on_epoch)
    return Rolling(fitted, scaling, parts.fit.inputs.shape[1])


def validation_rmse(forecaster: Forecaster, parts: Parts, kind: ScalingKind, seed: int) -> float:
    """Of a fit that ends where the validation part begins."""
    earlier = validation_fit(forecaster, parts, kind, seed)
    foretold = _forecast(earlier.fitted, parts.validation, earlier.scaling)
    return rmse(parts.validation.targets, foretold)


def _fit(
    forecaster: Forecaster, windows: Windows, scaling: Scaling, seed: int, on_epoch: OnEpoch
) -> Fitted:
    inputs, targets = scaling.apply(windows.inputs), scaling.apply(windows.targets)
    return forecaster.fit(inputs, targets, seed=seed, on_epoch=on_epoch)


def _forecast(fitted: Fitted, windows: Windows, scaling: Scaling) -> FloatArray:
    return scaling.invert(fitted.predict(scaling.apply(windows.inputs)))


def _scores(part: str, windows: Windows, forecasts: FloatArray) -> dict[str, float]:
    scores = {f"{part}/rmse": rmse(windows.targets, forecasts)}
    if len(windows) > 1:
        scores[f"{part}/rmse_tutorial"] = rmse_tutorial(windows.targets, forecasts)
    return scores


def _relative(test: Windows, forecasts: FloatArray, signal: FloatArray | None) -> dict[str, float]:
    """The test error beside persistence's, and beside the least that anybody could reach."""
    error = rmse(test.targets, forecasts)
    persistence = np.repeat(test.inputs[:, -1:], test.targets.shape[1], axis=1)
    figures = {"test/skill_vs_persistence": skill(error, rmse(test.targets, persistence))}
    if signal is not None:
        floor = noise_floor(test, signal)
        if floor > 0:
            figures["test/rmse_over_noise_floor"] = error / floor
    return {name: value for name, value in figures.items() if np.isfinite(value)}


def noise_floor(windows: Windows, signal: FloatArray) -> float:
    """RMSE of the true signal on the targets of `windows`. signal: (n_points,)."""
    steps = np.arange(windows.targets.shape[1])
    truth = signal[windows.first_target[:, np.newaxis] + steps]  # (n_windows, horizon)
    return rmse(windows.targets, truth)


def _effort(fitted: Fitted, seconds: float) -> dict[str, float]:
    figures = {"fit/seconds": seconds, "model/parameters": float(fitted.parameters)}
    if fitted.effort.steps:
        figures["fit/steps_per_second"] = fitted.effort.steps / seconds
    return figures
