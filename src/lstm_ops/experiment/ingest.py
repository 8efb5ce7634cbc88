"""The section that says where new observations of a series come from."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from lstm_ops.experiment.base import Fraction, Section, Whole
from lstm_ops.experiment.sources import SqlSource, SyntheticSource

# The tutorial's waves and noise, without its growth and its trend.
STATIONARY = SyntheticSource(kind="synthetic", growth=None, trend=0.0)


class SyntheticArrivals(Section):
    """A generated series that goes on with the clock: point n is due at `begins` + n × `every`."""

    kind: Literal["synthetic"]
    begins: datetime = Field(description="time of point 0, in UTC")
    every: Whole = Field(default=3600, ge=1, description="seconds from one point to the next")
    waves: SyntheticSource = STATIONARY

    @field_validator("begins")
    @classmethod
    def _without_zone(cls, begins: datetime) -> datetime:
        if begins.tzinfo is not None:
            raise ValueError("needed is a time in UTC, written without a zone")
        return begins


class FolderArrivals(Section):
    """A folder into which CSV and Parquet files are dropped; a file that was dealt with moves on.

    Into its subfolder `taken` or `refused`. Names that begin with a dot, or end in .part or .tmp,
    are not finished and are left alone.
    """

    kind: Literal["folder"]
    path: str = Field(min_length=1, description="from the project's root")
    time: str = Field(min_length=1, description="column of times")
    value: str = Field(min_length=1, description="column of values")
    settle_seconds: Whole = Field(
        default=2, ge=0, description="a file changed since then may not be finished"
    )

    @field_validator("time")
    @classmethod
    def _is_a_column(cls, time: str) -> str:
        if time == "row":
            raise ValueError("rows of several files cannot be numbered; name a column of times")
        return time


class SqlArrivals(SqlSource):
    """A table or a query of a database of yours; what is in the store already is passed over."""

    @model_validator(mode="after")
    def _not_from_itself(self) -> SqlArrivals:
        if self.is_own_store:
            raise ValueError("needed is a table or a query from which observations come")
        return self


Arrivals = Annotated[SyntheticArrivals | FolderArrivals | SqlArrivals, Field(discriminator="kind")]


class Ingest(Section):
    """Where new observations come from, and how many bad rows are too many."""

    arrivals: Arrivals
    most_rejected: Fraction = Field(
        default=0.1, description="share of a batch's rows; with more, nothing of it is taken"
    )
