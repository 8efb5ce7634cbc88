"""From a section of an experiment to a forecaster. A new forecaster is one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lstm_ops.experiment import Experiment, ForecasterSpec, LearnedSpec, NetworkSpec, Training
from lstm_ops.models.adapted import Adapted
from lstm_ops.models.feedforward import Feedforward
from lstm_ops.models.forecaster import Forecaster
from lstm_ops.models.gru import Gru
from lstm_ops.models.linear import Linear
from lstm_ops.models.lstm import Lstm
from lstm_ops.models.persistence import Persistence
from lstm_ops.models.ridge import Ridge
from lstm_ops.models.seasonal_naive import SeasonalNaive
from lstm_ops.models.view import View

# The simplest first: evidence is about whether the more complex of two is worth it.
CATALOG: dict[str, Callable[[Any, Experiment], Forecaster]] = {
    "persistence": lambda _, __: Persistence(),
    "seasonal_naive": lambda spec, _: SeasonalNaive(spec),
    "linear": lambda _, __: Linear(),
    "ridge": lambda spec, _: Ridge(spec),
    "feedforward": lambda spec, e: Feedforward(spec, training_of(spec, e)),
    "gru": lambda spec, e: Gru(spec, training_of(spec, e), e.window.layout),
    "lstm": lambda spec, e: Lstm(spec, training_of(spec, e), e.window.layout),
}


def create(spec: ForecasterSpec, experiment: Experiment) -> Forecaster:
    """The forecaster that a section of `experiment.forecasters` describes."""
    forecaster = CATALOG[spec.kind](spec, experiment)
    view = view_of(spec) if isinstance(spec, LearnedSpec) else View()
    return forecaster if view == View() else Adapted(forecaster, view)


def view_of(spec: LearnedSpec) -> View:
    """What it chose about its windows."""
    return View(spec.look_back, spec.normalise, spec.difference, spec.seasonal_lags)


def training_of(spec: ForecasterSpec, experiment: Experiment) -> Training:
    """The experiment's training with what a network chose for itself."""
    if not isinstance(spec, NetworkSpec):
        return experiment.training
    own = spec.model_dump(include={"epochs", "batch_size", "learning_rate"}, exclude_none=True)
    return experiment.training.model_copy(update=own)
