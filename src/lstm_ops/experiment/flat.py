"""An experiment as flat parameters: dotted paths, lists as compact JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lstm_ops.experiment.forecasters import ForecasterSpec
from lstm_ops.experiment.sections import Experiment
from lstm_ops.redaction import redacted

LISTS = ("forecasters", "seeds", "evaluation.seeds")  # of which one is meant


def flatten(experiment: Experiment) -> dict[str, object]:
    """Every resolved setting by its dotted path, defaults included, credentials left out."""
    return dict(_leaves(experiment.model_dump(mode="json"), ""))


def flatten_one(
    experiment: Experiment, spec: ForecasterSpec, seed: int | None
) -> dict[str, object]:
    """Every resolved setting that bears on one forecaster with one seed, its own among them."""
    shared = {key: value for key, value in flatten(experiment).items() if key not in LISTS}
    own = {f"forecaster.{key}": value for key, value in spec.model_dump().items()}
    return {**shared, **own, "seed": seed}


def _leaves(section: dict[str, Any], prefix: str) -> Iterator[tuple[str, object]]:
    for key, value in section.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            yield prefix + key, json.dumps(value)
        else:
            yield prefix + key, redacted(value) if isinstance(value, str) else value
