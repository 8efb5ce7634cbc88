"""Finding, reading and validating an experiment file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lstm_ops import project
from lstm_ops.errors import InvalidExperiment
from lstm_ops.experiment.base import NAME_PATTERN
from lstm_ops.experiment.messages import explain
from lstm_ops.experiment.overrides import apply_overrides
from lstm_ops.experiment.sections import Experiment

FOLDER = "experiments"


def names() -> list[str]:
    """The experiments that the project holds, by name."""
    return sorted(path.stem for path in (project.root() / FOLDER).glob("*.yaml"))


def load(name_or_path: str, overrides: Mapping[str, Any] | None = None) -> Experiment:
    """The experiment of that name under `experiments/`, or at that path, with overrides applied.

    Raises `InvalidExperiment` naming the file, and each faulty key with what was got and allowed.
    """
    path = find(name_or_path)
    return build(read(path), overrides or {}, where=str(path))


def build(content: Mapping[str, Any], overrides: Mapping[str, Any], where: str) -> Experiment:
    """An experiment from raw content; `where` names its origin in messages."""
    resolved = apply_overrides(content, overrides)
    try:
        return Experiment.model_validate(resolved)
    except ValidationError as error:
        raise InvalidExperiment(explain(error, where)) from None


def find(name_or_path: str) -> Path:
    """The file meant by a name, or a path from the working folder or the project's root."""
    given = Path(name_or_path)
    if given.suffix not in (".yaml", ".yml"):
        path = project.root() / FOLDER / f"{name_or_path}.yaml"
        if path.is_file() and given.name == name_or_path:
            return path
    candidates = [] if given.is_dir() else [given, project.root() / given]
    for candidate in candidates:
        if candidate.is_file():
            _require_name(candidate.stem)
            return candidate
    raise InvalidExperiment(
        f"no experiment {name_or_path!r}: neither {FOLDER}/{name_or_path}.yaml nor a file of that "
        f"path. There are: {', '.join(names()) or 'none'}"
    )


def _require_name(name: str) -> None:
    """The file's name is the experiment's, in tags, run names and Prefect."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise InvalidExperiment(
            f"experiment name {name!r}: needed are small letters, digits and `-` inside; rename "
            "the file"
        )


def read(path: Path) -> dict[str, Any]:
    """The raw content of an experiment file."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise InvalidExperiment(f"{path} is not readable YAML: {_one_line(error)}") from None
    if not isinstance(content, dict):
        kind = "nothing" if content is None else type(content).__name__
        raise InvalidExperiment(f"{path} holds {kind}; needed: keys such as series and source")
    return content


def dump(experiment: Experiment) -> str:
    """The resolved experiment as YAML: every setting, defaults included. `load` reads it back."""
    content = experiment.model_dump(mode="json")
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


class _UniqueKeys(yaml.SafeLoader):
    """YAML's safe loader, which would let the last of two equal keys win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping; a key given twice is an error with its line."""
        keys = [key.value for key, _ in node.value]
        for key, _ in node.value:
            if keys.count(key.value) > 1:
                problem = f"the key {key.value!r} is given more than once"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        return super().construct_mapping(node, deep)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
