"""The section that says what the champion forecasts, and where its forecasts go."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from lstm_ops.experiment.base import Fraction, Section, Whole


class Forecast(Section):
    """How far the champion forecasts, how sure its intervals are meant to be, and where it writes.

    Into Parquet files in `folder`, one a cutoff and version, unless a database is named: `url`, or
    the environment variable `url_from` where the URL holds a password.
    """

    horizon: Whole = Field(default=24, ge=1, le=10_000, description="steps ahead")
    level: Fraction = Field(default=0.9, description="share of targets an interval should hold")
    folder: str = Field(default=".state/forecasts", min_length=1)
    url: str | None = Field(default=None, description="SQLAlchemy's, without a password")
    url_from: str | None = Field(
        default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="variable that holds the URL"
    )
    table: str = Field(default="forecasts", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=60)

    @field_validator("url")
    @classmethod
    def _no_password(cls, url: str | None) -> str | None:
        if url and urlsplit(url).password is not None:
            raise ValueError(
                "a password does not belong here; put the URL into an environment variable and "
                "name that in url_from"
            )
        return url

    @model_validator(mode="after")
    def _one_place(self) -> Forecast:
        if self.url and self.url_from:
            raise ValueError("needed is one of url and url_from, not both")
        return self
