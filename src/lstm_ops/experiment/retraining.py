"""The section that says when a training that nobody asked for by hand is due."""

from __future__ import annotations

from pydantic import Field

from lstm_ops.experiment.base import Number, Section, Whole


class Retraining(Section):
    """A training is due where enough has arrived and the last one is long enough ago."""

    new_points: Whole = Field(
        default=1, ge=1, description="that must have arrived since the champion's cutoff"
    )
    cooldown_hours: Number = Field(
        default=6.0, ge=0, description="between a training's end and one that an event asks for"
    )
