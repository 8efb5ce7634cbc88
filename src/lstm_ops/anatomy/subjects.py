"""The windows that a network is explained on: its own training's, a file's, or a stated wave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lstm_ops.anatomy.explanation import Subject
from lstm_ops.anatomy.network import input_shape
from lstm_ops.data.raw import RawSeries
from lstm_ops.data.scaling import Scaling, fit_scaling
from lstm_ops.data.series import FloatArray
from lstm_ops.data.windows import Layout, Windows, shape
from lstm_ops.errors import InvalidSeries, RejectedRow, SeriesTooShort, UnsupportedModel
from lstm_ops.models.view import View

if TYPE_CHECKING:
    import keras

WHOLE = View()
OPEN_STEPS = 12  # where a model leaves the number of its time steps open
WAVE_POINTS = 600
WAVE_PERIOD = 48


def of_training(
    title: str,
    source: str,
    train: Windows,
    scaling: Scaling,
    layout: Layout,
    view: View = WHOLE,
) -> Subject:
    """The windows that a forecaster was fitted on, in units of y, with the scaling of that fit.

    Where the forecaster normalises each window by itself, there is no one way back to units of y:
    they stay as it sees them, and `unit` says so. Raises `UnsupportedModel` where it sees anything
    but the values themselves, of which lags, curve and last value are told.
    """
    _require_values(view, title)
    seen = view.see(scaling.apply(train.inputs))
    alone = "" if view.normalise == "none" else f", each normalised by itself ({view.normalise})"
    return Subject(
        title=title,
        source=source,
        data=f"{len(train)} windows of the train part of {title}{alone}",
        windows=shape(seen.inputs, layout),
        targets=seen.aims(scaling.apply(train.targets[:, :1]))[:, 0],
        scaling=scaling if view.normalise == "none" else Scaling(0.0, 1.0),
        unit="units of y" if view.normalise == "none" else "normalised units",
    )


def _require_values(view: View, title: str) -> None:
    chosen = {"difference": view.difference, "seasonal_lags": view.seasonal_lags is not None}
    if names := " and ".join(name for name, is_chosen in chosen.items() if is_chosen):
        raise UnsupportedModel(
            f"the LSTM of {title!r} was trained with {names}; explained are those that see the "
            f"values of a window and nothing else. Train one without {names} to have it explained"
        )


def of_file(model: keras.Model, source: str, raw: RawSeries) -> Subject:
    """Windows of a series that the model need not know, scaled to 0 … 1 over all of it.

    Raises `InvalidSeries` for what is no number, `SeriesTooShort` for fewer points than a window.
    """
    values = _numbers(raw)
    scaling = fit_scaling("minmax", values)
    windows, targets = _cut(scaling.apply(values), _open_filled(model), raw.where)
    column = f"column {raw.value_column!r} of {raw.where}"
    return Subject(
        title=str(model.name),
        source=source,
        data=f"{len(windows)} windows of {column}, scaled to 0 … 1",
        windows=windows,
        targets=targets,
        scaling=scaling,
    )


def of_wave(model: keras.Model, source: str) -> Subject:
    """Windows of a sine from 0 to 1, for a file that comes without data."""
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * np.arange(WAVE_POINTS) / WAVE_PERIOD)
    windows, targets = _cut(wave, _open_filled(model), "the wave")
    return Subject(
        title=str(model.name),
        source=source,
        data=f"{len(windows)} windows of a sine wave, period {WAVE_PERIOD}, from 0 to 1; not the "
        "model's own data, which were not given",
        windows=windows,
        targets=targets,
        scaling=Scaling(0.0, 1.0),
    )


def _open_filled(model: keras.Model) -> tuple[int, ...]:
    return input_shape(model, steps=OPEN_STEPS)


def _cut(
    values: FloatArray, window_shape: tuple[int, ...], where: str
) -> tuple[FloatArray, FloatArray]:
    """Scaled windows (n, *window_shape), oldest value first, and the value after each (n,)."""
    look_back = int(np.prod(window_shape))
    if len(values) < look_back + 1:
        raise SeriesTooShort(
            f"{where} has {len(values)} points; this model's window of {look_back} and the value "
            f"after it need at least {look_back + 1}. Give more history."
        )
    rows = sliding_window_view(values, look_back + 1)
    return rows[:, :-1].reshape(-1, *window_shape), rows[:, -1]


def _numbers(raw: RawSeries) -> FloatArray:
    values = np.array([_number(value) for value in raw.values])
    faulty = np.flatnonzero(~np.isfinite(values))
    rejected = [RejectedRow(int(f) + 1, "value is a number", str(raw.values[f])) for f in faulty]
    if rejected:
        raise InvalidSeries(
            f"{raw.where}: row {rejected[0].row} of column {raw.value_column!r} is "
            f"{rejected[0].got!r}; needed are finite numbers ({len(rejected)} rows are not)",
            rejected,
        )
    return values


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return float("nan")
