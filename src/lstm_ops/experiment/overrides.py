"""Overrides: dotted paths into an experiment, such as `training.epochs`."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from lstm_ops.errors import InvalidExperiment
from lstm_ops.experiment.sections import Experiment


@cache
def override_paths() -> tuple[str, ...]:
    """Every path that may be overridden: each section, and each key in it. Lists go as a whole."""
    return tuple(sorted(set(_paths(Experiment, ""))))


def apply_overrides(content: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an experiment's raw content with each dotted path set.

    Raises `InvalidExperiment` on a path that does not exist.
    """
    result = deepcopy(dict(content))
    for path, value in overrides.items():
        if path not in override_paths():
            raise InvalidExperiment(f"override {path!r}: no such key.{_nearest(path)}")
        *parents, last = path.split(".")
        section = result
        for parent in parents:
            section[parent] = {} if section.get(parent) is None else section[parent]
            section = section[parent]
            if not isinstance(section, dict):
                raise InvalidExperiment(f"override {path!r}: {parent} is not a section here")
        section[last] = value
    return result


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The sections an annotation may hold, looking through unions but not into lists."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, Annotated):
        return [model for part in get_args(annotation) for model in models_in(part)]
    return []


def _paths(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        for section in models_in(field.annotation):
            yield from _paths(section, f"{prefix}{name}.")


def _nearest(path: str) -> str:
    near = difflib.get_close_matches(path, override_paths(), n=3, cutoff=0.5)
    if near:
        return f" Did you mean {' or '.join(near)}?"
    return f" Allowed: {', '.join(override_paths())}."
