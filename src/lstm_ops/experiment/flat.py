"""An experiment as flat parameters: dotted paths, lists as compact JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lstm_ops.experiment.sections import Experiment
from lstm_ops.redaction import redacted


def flatten(experiment: Experiment) -> dict[str, object]:
    """Every resolved setting by its dotted path, defaults included, credentials left out."""
    return dict(_leaves(experiment.model_dump(mode="json"), ""))


def _leaves(section: dict[str, Any], prefix: str) -> Iterator[tuple[str, object]]:
    for key, value in section.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            yield prefix + key, json.dumps(value)
        else:
            yield prefix + key, redacted(value) if isinstance(value, str) else value
