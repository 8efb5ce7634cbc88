"""What every section of an experiment starts from: a frozen model, strict numbers, names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _refuse_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"got {value}; input should be a number")
    return value


def repeated(values: Sequence[object]) -> list[str]:
    """The values that occur more than once, as text."""
    return [str(value) for value, count in Counter(values).items() if count > 1]


def _all_differ(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if again := repeated(seeds):
        raise ValueError(f"seed {', '.join(again)} is given more than once")
    return seeds


NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=100)]
# YAML reads 1e-3 as text, which will do for a number; true and "4" will not do for a whole one.
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, BeforeValidator(_refuse_truth)]
Fraction = Annotated[Number, Field(gt=0, lt=1)]
Seeds = Annotated[
    tuple[Annotated[Whole, Field(ge=0, lt=2**32)], ...],
    Field(min_length=1),
    AfterValidator(_all_differ),
]


class Section(BaseModel):
    """A part of an experiment. Numbers must be finite; text is not taken for a number."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
