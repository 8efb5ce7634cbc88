"""The section that says how forecasters are judged: cutoffs, horizon, seeds, intervals, runner."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from lstm_ops.experiment.base import Fraction, Section, Seeds, Whole


class Cutoffs(Section):
    """Where fits end. `first` + i * `step` points are known at the i-th; a refit sees no more.

    Between one cutoff and the next, forecasts are made from one origin after another.
    """

    number: Whole = Field(default=8, ge=1)
    first: Whole | None = Field(
        default=None, ge=2, description="points that the first fit sees; null: the train part"
    )
    step: Whole | None = Field(
        default=None,
        ge=1,
        description="points from cutoff to cutoff; null: spread over all that follows",
    )
    refit_every: Whole = Field(default=1, ge=1, description="1: at every cutoff")
    window: Literal["expanding", "sliding"] = Field(
        default="expanding", description="fits see all points before, or as many as the first did"
    )


class Runner(Section):
    """What fits side by side: the flow's own threads, or a Dask cluster, ours or at an address."""

    kind: Literal["threads", "dask"] = "threads"
    workers: Whole | None = Field(default=None, ge=1, le=1024, description="null: one a core")
    address: str | None = Field(default=None, description="a scheduler's, such as tcp://host:8786")

    @model_validator(mode="after")
    def _an_address_is_of_a_cluster(self) -> Runner:
        if self.address is None:
            return self
        if self.kind != "dask":
            raise ValueError("an address is a Dask scheduler's; set kind to dask, or leave it out")
        if self.workers is not None:
            raise ValueError("a cluster at an address has the workers it has; leave workers out")
        return self


class Evaluation(Section):
    """How a backtest is done. `horizon` steps ahead from every `origin_step`-th point."""

    cutoffs: Cutoffs = Cutoffs()
    horizon: Whole | None = Field(default=None, ge=1, le=100_000, description="null: as `window`")
    strategy: Literal["recursive", "direct"] = Field(
        default="recursive",
        description="feed forecasts back beyond window.horizon, or fit all steps at once",
    )
    origin_step: Whole = Field(default=1, ge=1)
    season_length: Whole = Field(default=1, ge=1, description="of the naive forecast under MASE")
    seeds: Seeds | None = Field(default=None, description="null: the experiment's")
    level: Fraction = Field(default=0.9, description="share of targets an interval should hold")
    confidence: Fraction = Field(default=0.95, description="of a verdict, and of its interval")
    runner: Runner = Runner()

    @field_validator("level")
    @classmethod
    def _level_can_be_met(cls, level: float) -> float:
        if level < 0.5:
            raise ValueError(f"got {level}; input should be at least 0.5")
        return level
