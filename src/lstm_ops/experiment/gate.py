"""The section that says when another version becomes champion."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from lstm_ops.experiment.base import Fraction, Number, Section, Whole


class Budget(Section):
    """What a champion may cost where it is served; null: whatever it does."""

    megabytes: Number | None = Field(default=None, gt=0, description="of its files")
    milliseconds: Number | None = Field(
        default=None, gt=0, description="for one forecast, in this process, the median of several"
    )


class Gate(Section):
    """Who is judged on what, and how much evidence moves `@champion`.

    Every recipe is fitted up to a cutoff and forecasts the newest points, which it has not seen.
    """

    mode: Literal["automatic", "manual", "dry_run", "off"] = Field(
        default="automatic",
        description="decide; ask a person; say what would be decided; leave the champion alone",
    )
    origins: Whole = Field(
        default=100, ge=8, description="newest points to judge on; fewer of a short series"
    )
    new_points: Whole = Field(
        default=1,
        ge=0,
        description="since the champion's cutoff; with fewer it stays. 0: other recipes are judged "
        "although it has seen every point, by its own recipe fitted up to the cutoff",
    )
    margin: Number = Field(
        default=0.02,
        ge=0,
        lt=1,
        description="share of RMSE that another recipe must gain",
    )
    confidence: Fraction = Field(default=0.95, description="that it is better by the margin")
    hours: Number = Field(
        default=24.0, gt=0, description="manual: how long an approval is waited for"
    )
    budget: Budget = Budget()

    @field_validator("mode", mode="before")
    @classmethod
    def _off_is_a_word(cls, mode: object) -> object:
        """YAML takes a bare `off` for no."""
        return "off" if mode is False else mode
