"""Where a series comes from: generated, a file, or a table of a database."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lstm_ops.experiment.base import Number, Section, Whole
from lstm_ops.experiment.database import IDENTIFIER, Database


class Harmonic(Section):
    """`amplitude * sin(frequency * x)`."""

    frequency: Number = Field(gt=0)
    amplitude: Number


class Drift(Section):
    """A change of the series from a point on, for good; several add up.

    `size` is, by kind: level, what is added to the waves, in sd of the noise; variance, by what
    that of the noise is multiplied; period, by what that of the waves is.
    """

    kind: Literal["level", "variance", "period"]
    start: Whole = Field(ge=0, description="the first point that has it, counted from 0")
    size: Number

    @model_validator(mode="after")
    def _is_a_factor(self) -> Drift:
        if self.kind != "level" and self.size <= 0:
            raise ValueError(
                f"size of a {self.kind} drift is what it is multiplied by; got {self.size:g}, "
                "needed is more than 0"
            )
        return self


class SyntheticSource(Section):
    """Waves that grow, a trend, and noise. The defaults are the series of *LSTM Explained*.

    y = (x / growth) * (waves + noise * randn) * wave_scale + trend * x, x evenly spaced.
    """

    kind: Literal["synthetic"]
    points: Whole = Field(default=5000, ge=2, le=10_000_000)
    start: Number = Field(default=2.0, description="first x")
    stop: Number = Field(default=60.0, description="last x")
    harmonics: tuple[Harmonic, ...] = (
        Harmonic(frequency=1, amplitude=1),
        Harmonic(frequency=2, amplitude=0.25),
        Harmonic(frequency=3, amplitude=0.5),
        Harmonic(frequency=4, amplitude=0.5),
    )
    growth: Number | None = Field(
        default=60.0, gt=0, description="x at which the waves have full size; null: always"
    )
    wave_scale: Number = Field(default=0.25, ge=0)
    trend: Number = Field(default=0.01, description="rise per unit of x")
    noise: Number = Field(default=0.1, ge=0, description="sd, before growth and wave_scale")
    seed: Whole = Field(default=7, ge=0, lt=2**32)
    drifts: tuple[Drift, ...] = ()

    @model_validator(mode="after")
    def _runs_forward(self) -> SyntheticSource:
        if self.stop <= self.start:
            raise ValueError(f"stop ({self.stop}) must be greater than start ({self.start})")
        return self


class FileSource(Section):
    """A CSV or Parquet file: a path (from the project's root) or any URL that fsspec opens."""

    kind: Literal["file"]
    path: str = Field(min_length=1)
    time: str = Field(min_length=1, description="column of times; `row` numbers the rows instead")
    value: str = Field(min_length=1, description="column of values")
    format: Literal["csv", "parquet"] | None = Field(
        default=None, description="taken from the path's ending when left out"
    )


class SqlSource(Database):
    """Rows of a database: the project's own series store, or a table or a query of yours.

    With nothing given it is the store's observations of the experiment's series. Otherwise `url` or
    `url_from` names the database (left out: the store's own), and `table` or `query` the rows,
    whose columns `time` and `value` are. A query is run as it stands, and may only read.
    """

    kind: Literal["sql"]
    table: str | None = Field(default=None, pattern=IDENTIFIER, description="may have a schema")
    query: str | None = Field(default=None, min_length=1)
    time: str = Field(default="time", min_length=1, description="column of times")
    value: str = Field(default="value", min_length=1, description="column of values")
    newest: Whole | None = Field(
        default=None, ge=2, description="so many of the newest rows; null: all"
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> SqlSource:
        if self.table and self.query:
            raise ValueError("needed is one of table and query, not both")
        if (self.url or self.url_from) and not (self.table or self.query):
            raise ValueError("a database is named, but no table or query in it")
        return self

    @property
    def is_own_store(self) -> bool:
        """Whether it is the project's own observations, and not rows of the user's."""
        return self.table is None and self.query is None


Source = Annotated[SyntheticSource | FileSource | SqlSource, Field(discriminator="kind")]
