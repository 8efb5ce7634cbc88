"""A forecaster behind a view of its windows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_ops.data.series import FloatArray
from lstm_ops.models.forecaster import Effort, Fitted, Forecaster, OnEpoch
from lstm_ops.models.view import View


@dataclass(frozen=True)
class Adapted:
    """A forecaster behind a view of its windows."""

    inner: Forecaster
    view: View

    @property
    def stochastic(self) -> bool:
        """Whether a seed changes what comes out."""
        return self.inner.stochastic

    def prepare(self, inputs: FloatArray, targets: FloatArray, *, copies: int = 1) -> None:
        """For windows as they are seen."""
        self.inner.prepare(self.view.see(inputs).inputs, targets, copies=copies)

    def fit(
        self, inputs: FloatArray, targets: FloatArray, *, seed: int, on_epoch: OnEpoch
    ) -> FittedAdapted:
        """On windows as they are seen, and what follows them seen in the same way."""
        seen = self.view.see(inputs)
        fitted = self.inner.fit(seen.inputs, seen.aims(targets), seed=seed, on_epoch=on_epoch)
        return FittedAdapted(fitted, self.view)


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
        """inputs (n, at least as many values as it needs) → (n, horizon)."""
        seen = self.view.see(inputs)
        return seen.forecasts(self.inner.predict(seen.inputs))

    def save(self, folder: Path) -> dict[str, Any]:
        """The fit's own part of the recipe, and how its windows are seen."""
        return {**self.inner.save(folder), **self.view.as_recipe()}


def seen_by(fitted: Fitted) -> tuple[Fitted, View]:
    """A fit and the view that it stands behind, which may be of everything."""
    if isinstance(fitted, FittedAdapted):
        return fitted.inner, fitted.view
    return fitted, View()
