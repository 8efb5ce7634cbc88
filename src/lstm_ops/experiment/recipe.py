"""A recipe: one forecaster with all that decides its fit, but for data and seed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from lstm_ops.experiment.forecasters import ForecasterSpec, LearnedSpec, NetworkSpec
from lstm_ops.experiment.sections import Experiment

OF_TRAINING = ("epochs", "batch_size", "learning_rate")  # which a network may choose itself


def alone(experiment: Experiment, spec: ForecasterSpec) -> Experiment:
    """The experiment with this forecaster only."""
    return experiment.model_copy(update={"forecasters": (spec,)})


def fingerprint(experiment: Experiment) -> str:
    """Of an experiment with one forecaster: equal for equal recipes, whatever they are called.

    Settings at their defaults stay out of it, so that a new one does not change old fingerprints.
    """
    (spec,) = experiment.forecasters
    own = spec.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
    decisive: dict[str, Any] = {"kind": spec.kind}
    if isinstance(spec, LearnedSpec):
        apart = None if isinstance(spec, NetworkSpec) else {"layout"}  # only networks have one
        window = experiment.window.model_dump(mode="json", exclude=apart, exclude_defaults=True)
        decisive |= {"window": window, "scaling": experiment.scaling}
    if isinstance(spec, NetworkSpec):
        chosen = {key: own.pop(key) for key in OF_TRAINING if key in own}
        training = experiment.training.model_copy(update=chosen)
        decisive["training"] = training.model_dump(mode="json", exclude_defaults=True)
    decisive["forecaster"] = own
    text = json.dumps(decisive, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
