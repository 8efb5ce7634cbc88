"""How a forecaster sees its windows: the last values, changes, seasonal lags, normalised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstm_ops.data.series import FloatArray
from lstm_ops.experiment import Normalisation, SeasonalLags

# A spread below these, times the largest of a window, is rounding: of values, and of changes.
ROUNDING = (1e-12, 1e-9)


@dataclass(frozen=True)
class Seen:
    """Windows as a forecaster sees them, and the way there and back for what follows them.

    inputs: (n, look_back), or (n, look_back, channels) with seasonal lags; offset, scale: (n, 1);
    last: (n, 1), the value to which changes are added up, None where values are seen.
    """

    inputs: FloatArray
    offset: FloatArray
    scale: FloatArray
    last: FloatArray | None

    def aims(self, targets: FloatArray) -> FloatArray:
        """What the forecaster shall say where these values follow, (n, horizon) both."""
        steps = targets if self.last is None else np.diff(targets, prepend=self.last)
        return (steps - self.offset) / self.scale

    def forecasts(self, said: FloatArray) -> FloatArray:
        """The values that follow by what the forecaster says: `aims` undone."""
        steps = said * self.scale + self.offset
        return steps if self.last is None else self.last + np.cumsum(steps, axis=1)


@dataclass(frozen=True)
class View:
    """How windows are seen, in this order: as changes from value to value (`difference`), the last
    `look_back` of them (None: all), with `seasonal_lags` as channels beside them, normalised.

    Normalising each window by itself lets a network forecast levels that training has never shown
    (Kim et al. 2022, https://openreview.net/forum?id=cGDAkQo1C0p).
    """

    look_back: int | None = None
    normalise: Normalisation = "none"
    difference: bool = False
    seasonal_lags: SeasonalLags | None = None

    def see(self, windows: FloatArray) -> Seen:
        """windows: (n, at least as many values as the forecaster needs)."""
        values = np.diff(windows) if self.difference else windows
        channels = self._channels(values)  # each (n, look_back), the values themselves first
        offset, scale = self._offset_and_scale(channels[0])
        normal = [(channel - offset) / scale for channel in channels]
        inputs = normal[0] if self.seasonal_lags is None else np.stack(normal, axis=2)
        return Seen(inputs, offset, scale, windows[:, -1:] if self.difference else None)

    @property
    def before(self) -> int:
        """Values of a window that go before the first input, for its change and its lags."""
        reach = self.seasonal_lags.reach if self.seasonal_lags else 0
        return reach + int(self.difference)

    def as_recipe(self) -> dict[str, Any]:
        """For the served form, where `look_back` is all that the forecaster needs of a window."""
        lags, own = self.seasonal_lags, self.look_back
        return {
            **({} if own is None else {"look_back": own + self.before}),
            "normalise": self.normalise,
            "difference": self.difference,
            "seasonal_lags": lags and lags.model_dump(),
        }

    def _channels(self, values: FloatArray) -> list[FloatArray]:
        """Channel 0 at t is the value at t, channel k the one at t + 1 - k * season_length."""
        shifts = (0, *self.seasonal_lags.shifts) if self.seasonal_lags else (0,)
        count = values.shape[1]
        look_back = self.look_back or count - shifts[-1]
        return [values[:, count - shift - look_back : count - shift] for shift in shifts]

    def _offset_and_scale(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Of each window, (n, 1) both. A constant one has scale 1."""
        if self.normalise == "none":
            return np.zeros((len(values), 1)), np.ones((len(values), 1))
        offset = values[:, -1:]
        if self.normalise == "last":
            return offset, np.ones_like(offset)
        spread = values.std(axis=1, keepdims=True)
        least = ROUNDING[self.difference] * np.abs(values).max(axis=1, keepdims=True)
        return offset, np.where(spread > least, spread, 1.0)


def from_recipe(recipe: Mapping[str, Any]) -> View:
    """The view of a fit in its served form, of any format."""
    lags = recipe.get("seasonal_lags")
    view = View(
        None,
        recipe.get("normalise", "none"),
        recipe.get("difference", False),
        lags and SeasonalLags(**lags),
    )
    return replace(view, look_back=recipe["look_back"] - view.before)
