"""A forecaster that sees less of each window than there is, or sees it normalised."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lstm_ops.data.series import FloatArray
from lstm_ops.experiment import Normalisation
from lstm_ops.models.forecaster import Effort, Fitted, Forecaster, OnEpoch


@dataclass(frozen=True)
class View:
    """The last `look_back` values of a window (all where None), moved and scaled by themselves.

    Normalising each window by its own last value and spread lets a network forecast levels that
    training has never shown (Kim et al. 2022, https://openreview.net/forum?id=cGDAkQo1C0p).
    """

    look_back: int | None
    normalise: Normalisation

    def cut(self, inputs: FloatArray) -> FloatArray:
        """The part that is seen  # (n, look_back)."""
        return inputs if self.look_back is None else inputs[:, -self.look_back :]

    def offset_and_scale(self, inputs: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Of each window, (n, 1) both, from the part that is seen. A constant one has scale 1."""
        seen = self.cut(inputs)
        if self.normalise == "none":
            return np.zeros((len(seen), 1)), np.ones((len(seen), 1))
        offset = seen[:, -1:]
        if self.normalise == "last":
            return offset, np.ones_like(offset)
        spread = seen.std(axis=1, keepdims=True)
        return offset, np.where(spread > 0, spread, 1.0)


@dataclass(frozen=True)
class Adapted:
    """A forecaster behind a view of its windows."""

    inner: Forecaster
    view: View

    @property
    def stochastic(self) -> bool:
        """Whether a seed changes what comes out."""
        return self.inner.stochastic

    def prepare(self, inputs: FloatArray, targets: FloatArray) -> None:
        """For windows as they are seen."""
        self.inner.prepare(self.view.cut(inputs), targets)

    def fit(
        self, inputs: FloatArray, targets: FloatArray, *, seed: int, on_epoch: OnEpoch
    ) -> FittedAdapted:
        """On windows as they are seen; targets are moved and scaled as their windows are."""
        offset, scale = self.view.offset_and_scale(inputs)
        seen, aims = (self.view.cut(inputs) - offset) / scale, (targets - offset) / scale
        return FittedAdapted(self.inner.fit(seen, aims, seed=seed, on_epoch=on_epoch), self.view)


@dataclass(frozen=True)
class FittedAdapted:
    """A fit behind a view of its windows."""

    inner: Fitted
    view: View

    @property
    def parameters(self) -> int:
        """Those of the fit itself."""
        return self.inner.parameters

    @property
    def effort(self) -> Effort:
        """That of the fit itself."""
        return self.inner.effort

    def predict(self, inputs: FloatArray) -> FloatArray:
        """inputs (n, at least look_back) → (n, horizon)."""
        offset, scale = self.view.offset_and_scale(inputs)
        return self.inner.predict((self.view.cut(inputs) - offset) / scale) * scale + offset

    def save(self, folder: Path) -> dict[str, Any]:
        """The fit's own part of the recipe, and how its windows are seen."""
        own = {} if self.view.look_back is None else {"look_back": self.view.look_back}
        return {**self.inner.save(folder), **own, "normalise": self.view.normalise}


def seen_by(fitted: Fitted) -> tuple[Fitted, View]:
    """A fit and the view that it stands behind, which may be of everything."""
    if isinstance(fitted, FittedAdapted):
        return fitted.inner, fitted.view
    return fitted, View(None, "none")
