"""The section that says when something about a series is an alarm."""

from __future__ import annotations

from pydantic import Field

from lstm_ops.experiment.base import Number, Section, Whole


class DriftWatch(Section):
    """How a change of the observations themselves is found: Page and Hinkley's test on what an
    autoregression, fitted on what the champion has seen, does not foretell.

    Thresholds are sums of standardised errors, or of their squares, beyond what is usual. Higher
    ones mean fewer false alarms, and later ones.
    """

    lags: Whole = Field(
        default=512,
        ge=8,
        le=2000,
        description="of the autoregression, at most a quarter as many "
        "as points seen; about a period of the series, or more",
    )
    reference: Whole = Field(
        default=4000, ge=64, le=100_000, description="newest points seen that it is fitted on"
    )
    level: Number = Field(default=12.0, gt=0, description="threshold of a change of level")
    variance: Number = Field(default=29.0, gt=0, description="threshold of a grown variance")


class Monitor(Section):
    """Forecasts are judged on the newest observations; alarms are told as Prefect events."""

    window: Whole = Field(
        default=96, ge=8, description="newest points on which forecasts are judged"
    )
    least: Whole = Field(
        default=24, ge=2, description="judged points without which nothing is called degraded"
    )
    degraded: Number = Field(
        default=0.5, gt=0, description="share by which the live RMSE may exceed what was promised"
    )
    stale_steps: Number = Field(
        default=6.0, gt=0, description="steps without a new observation after which data are stale"
    )
    again_hours: Number = Field(
        default=24.0, gt=0, description="an alarm that stands is told again after"
    )
    drift: DriftWatch | None = Field(default=DriftWatch(), description="null: not looked for")
