"""The small interface behind which every forecaster stands.

Inputs and targets are scaled windows: (n, look_back) and (n, horizon), float64. Behind a view with
seasonal lags (`models/view.py`) inputs are (n, look_back, channels); `data.windows.shape` lays
out either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lstm_ops.data.series import FloatArray

OnEpoch = Callable[[int, float], None]
"""Called after each epoch with the epoch's number from 1 and its mean training loss."""


@dataclass(frozen=True)
class Effort:
    """What a fit took: losses per epoch and gradient steps, both empty for closed forms."""

    losses: tuple[float, ...] = ()
    steps: int = 0


class Fitted(Protocol):
    """A forecaster after its fit."""

    @property
    def parameters(self) -> int:
        """How many numbers the fit could choose."""
        ...

    @property
    def effort(self) -> Effort:
        """What the fit took."""
        ...

    def predict(self, inputs: FloatArray) -> FloatArray:
        """Forecasts (n, horizon) for inputs of the shape that the fit saw."""
        ...

    def save(self, folder: Path) -> dict[str, Any]:
        """Write what the served model needs into `folder`; return its part of the recipe.

        The recipe's `family` tells how to predict; files are named in it. No pickle.
        """
        ...


class Forecaster(Protocol):
    """A forecaster before its fit."""

    @property
    def stochastic(self) -> bool:
        """Whether a seed changes what comes out."""
        ...

    def prepare(self, inputs: FloatArray, targets: FloatArray, *, copies: int = 1) -> None:
        """Make ready what fits on windows of this shape share; does nothing for closed forms.

        `copies`: how many of them will run at once. Optional: a fit that finds nothing prepared
        does it itself, and fits of one shape then wait for each other.
        """
        ...

    def fit(
        self, inputs: FloatArray, targets: FloatArray, *, seed: int, on_epoch: OnEpoch
    ) -> Fitted:
        """A fit on inputs and targets of the module's shapes, repeatable for one seed."""
        ...


def ignore_epochs(epoch: int, loss: float) -> None:
    """An `OnEpoch` for those who do not watch."""
