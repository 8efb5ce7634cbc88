"""The section that says what the champion forecasts, and where its forecasts go."""

from __future__ import annotations

from pydantic import Field, model_validator

from lstm_ops.experiment.base import Fraction, Whole
from lstm_ops.experiment.database import Database


class Forecast(Database):
    """How far the champion forecasts, how sure its intervals are meant to be, and where it writes.

    Into Parquet files in `folder`, one a cutoff and version, unless it is the project's series
    `store`, or a database of yours: `url`, or the environment variable `url_from` where the URL
    holds a password.
    """

    horizon: Whole = Field(default=24, ge=1, le=10_000, description="steps ahead")
    level: Fraction = Field(default=0.9, description="share of targets an interval should hold")
    folder: str = Field(default=".state/forecasts", min_length=1)
    store: bool = Field(default=False, description="into the table of the project's series store")
    table: str = Field(default="forecasts", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=60)

    @model_validator(mode="after")
    def _one_target(self) -> Forecast:
        if self.store and (self.url or self.url_from or self.table != "forecasts"):
            raise ValueError("the series store has its own url and table; leave out theirs")
        return self
