"""Pydantic's complaints in the words of an experiment file: path, what was got, what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from lstm_ops.experiment.overrides import models_in
from lstm_ops.experiment.sections import Experiment
from lstm_ops.redaction import redacted

Location = Sequence[int | str]


def explain(error: ValidationError, where: str) -> str:
    """One line per fault under a line that names the file."""
    details = error.errors()
    faults = [f"  {_fault(d)}" for d in details if not _follows_from_another(d, details)]
    count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
    return "\n".join([f"{where}: {count}", *faults])


def _follows_from_another(detail: Any, details: Sequence[Any]) -> bool:
    """A list that is too short only because its faulty entries were left out of it."""
    location = detail["loc"]
    inside = (other["loc"][: len(location)] for other in details if other is not detail)
    return detail["type"] == "too_short" and location in inside


def _fault(detail: Any) -> str:
    location: Location = detail["loc"]
    path = _path(location) or "experiment"
    if detail["type"] == "extra_forbidden":
        return f"{path}: unknown key{_known_keys(location)}"
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing":
        return f"{path}: missing; it is needed"
    if detail["type"] == "value_error":
        return f"{path}: {message}"
    return f"{path}: got {_shorten(detail['input'])}; {message[0].lower()}{message[1:]}"


def _known_keys(location: Location) -> str:
    known = sorted({key for model in _models_at(location[:-1]) for key in model.model_fields})
    near = difflib.get_close_matches(str(location[-1]), known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{hint}; allowed here: {', '.join(known)}"


def _models_at(location: Location) -> list[type[BaseModel]]:
    """The sections that may stand at a location; a union's tag in it picks the kind."""
    models: list[type[BaseModel]] = [Experiment]
    for part in location:
        tagged = [m for m in models if _kind(m) == part]
        if tagged:
            models = tagged
        elif isinstance(part, str):
            fields = [m.model_fields[part] for m in models if part in m.model_fields]
            models = [inner for field in fields for inner in _inner_models(field.annotation)]
    return models


def _inner_models(annotation: Any) -> list[type[BaseModel]]:
    found = models_in(annotation)
    for argument in getattr(annotation, "__args__", ()):
        found += [model for model in _inner_models(argument) if model not in found]
    return found


def _kind(model: type[BaseModel]) -> str | None:
    field = model.model_fields.get("kind")
    return field.annotation.__args__[0] if field is not None and field.annotation else None


def _path(location: Location) -> str:
    """`forecasters.0.units`: list positions as numbers, union tags left out."""
    parts: list[str] = []
    for depth, part in enumerate(location):
        is_tag = any(_kind(model) == part for model in _models_at(location[:depth]))
        if not is_tag:
            parts.append(str(part))
    return ".".join(parts)


def _shorten(value: Any) -> str:
    text = redacted(repr(value))
    return text if len(text) <= 60 else text[:57] + "..."
