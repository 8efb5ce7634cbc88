"""What an autoregression does not foretell of a series: its waves are gone, its noise is left.

Drift is looked for in these one-step errors, since waves ten times as large as the noise hide it.
With lags over about a whole period a change of level is not learned away within a few points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lstm_ops.data.series import FloatArray

# Every fifth point is held out at a time. Contiguous parts would be foretold by fits that know
# nothing of a change inside them, as the fit that meets new points does: two measures, and alarms.
FOLDS = 5
PENALTIES = (1.0, 10.0, 100.0, 1000.0)  # of ridge, on standardised values
SHARE = 4  # points seen for each lag, at least
FEWEST_LAGS = 8


@dataclass(frozen=True)
class Innovations:
    """`z` (n,): errors over the sd of those held out, of the newest n points; the first `held_out`
    were held out of their fit, the others came after it."""

    z: FloatArray
    held_out: int
    lags: int
    penalty: float


def innovations(
    values: FloatArray, seen: int, most_lags: int, reference: int
) -> Innovations | None:
    """Fitted on the newest `reference` of the first `seen` values  # (n_points,).

    Ridge, its penalty chosen by cross-validation. None where too little was seen, or where
    what was seen holds no errors that could be a measure.
    """
    values, seen = values[max(0, seen - reference) :], min(seen, reference)
    lags = min(most_lags, seen // SHARE)
    if lags < FEWEST_LAGS or not np.ptp(values[:seen]) > 0:
        return None
    scaled = (values - values[:seen].mean()) / values[:seen].std()
    inputs, targets = sliding_window_view(scaled[:-1], lags), scaled[lags:]
    fitted = seen - lags
    errors = _held_out(inputs[:fitted], targets[:fitted])  # (penalties, fitted)
    best = int(np.argmin(np.mean(errors**2, axis=1)))
    (after,) = _errors(inputs[:fitted], targets[:fitted], inputs[fitted:], targets[fitted:], best)
    known = errors[best]
    if not known.std() > 1e-9:  # rounding: foretold to the last digit
        return None
    z = (np.concatenate([known, after]) - known.mean()) / known.std()
    return Innovations(z, fitted, lags, PENALTIES[best])


def _held_out(inputs: FloatArray, targets: FloatArray) -> FloatArray:
    """Errors of every point, by a fit without its fifth  # (penalties, n)."""
    errors = np.empty((len(PENALTIES), len(targets)))
    for fold in range(FOLDS):
        part = np.arange(len(targets)) % FOLDS == fold
        kept = ~part
        errors[:, part] = _errors(inputs[kept], targets[kept], inputs[part], targets[part])
    return errors


def _errors(
    inputs: FloatArray,
    targets: FloatArray,
    new_inputs: FloatArray,
    new_targets: FloatArray,
    which: int | None = None,
) -> FloatArray:
    """Of one fit on (n, lags), with each penalty or one of them, on (m, lags)  # (penalties, m)."""
    mean, middle = inputs.mean(axis=0), targets.mean()
    centred = inputs - mean
    sizes, axes = np.linalg.eigh(centred.T @ centred)  # one decomposition for every penalty
    along = axes.T @ (centred.T @ (targets - middle))
    penalties = np.array(PENALTIES if which is None else PENALTIES[which : which + 1])
    weights = axes @ (along[:, np.newaxis] / (sizes[:, np.newaxis] + penalties))
    return np.asarray(new_targets - middle - ((new_inputs - mean) @ weights).T)
