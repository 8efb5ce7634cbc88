"""From a section of an experiment to a forecaster. A new forecaster is one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lstm_ops.experiment import Experiment, ForecasterSpec
from lstm_ops.models.feedforward import Feedforward
from lstm_ops.models.forecaster import Forecaster
from lstm_ops.models.linear import Linear
from lstm_ops.models.lstm import Lstm
from lstm_ops.models.persistence import Persistence

CATALOG: dict[str, Callable[[Any, Experiment], Forecaster]] = {
    "lstm": lambda spec, e: Lstm(spec, e.training, e.window.layout),
    "feedforward": lambda spec, e: Feedforward(spec, e.training),
    "linear": lambda _, __: Linear(),
    "persistence": lambda _, __: Persistence(),
}


def create(spec: ForecasterSpec, experiment: Experiment) -> Forecaster:
    """The forecaster that a section of `experiment.forecasters` describes."""
    return CATALOG[spec.kind](spec, experiment)
