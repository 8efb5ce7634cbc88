"""A table as it came from a source, before anybody has checked it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class RawSeries:
    """Times and values as text, one row an observation, in the order of the source.

    `times` is None where rows are only numbered. An empty text is a missing value.
    `signal` is there for synthetic series only. `where` names the source in messages.
    """

    name: str
    times: pd.Series | None
    values: pd.Series
    where: str
    time_column: str = "t"
    value_column: str = "y"
    signal: pd.Series | None = None
