"""The sections that describe forecasters, one a kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lstm_ops.experiment.base import Number, Section, Whole

Normalisation = Literal["none", "last", "last_scale"]
# As a series', and `_`: a kind is a name, too.
ForecasterName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$", max_length=100)]
Units = Annotated[Whole, Field(ge=1, le=4096)]


class NamedSpec(Section):
    """`name` tells two forecasters of one kind apart; it is the kind where left out."""

    name: ForecasterName | None = None

    @property
    def needs(self) -> int:
        """Values of a window without which it cannot forecast; `window.look_back` gives more."""
        return 1


class SeasonalLags(Section):
    """Inputs beside each value: what came 1 … `seasons` seasons before the value after it."""

    season_length: Whole = Field(ge=2, description="points in a season")
    seasons: Whole = Field(default=1, ge=1)

    @property
    def reach(self) -> int:
        """How many values before its own the furthest of them lies."""
        return self.season_length * self.seasons - 1

    @property
    def shifts(self) -> tuple[int, ...]:
        """Of each of them, the nearest season first, how many values before its own it lies."""
        return tuple(self.season_length * k - 1 for k in range(1, self.seasons + 1))


class LearnedSpec(NamedSpec):
    """What every forecaster that is fitted may choose about its windows."""

    look_back: Whole | None = Field(
        default=None, ge=1, description="the last values of a window that it sees; null: all"
    )
    difference: bool = Field(
        default=False, description="it sees, and forecasts, changes from value to value"
    )
    seasonal_lags: SeasonalLags | None = Field(
        default=None, description="it also sees what came a season before; null: no"
    )
    normalise: Normalisation = Field(
        default="none",
        description="each window: `last` less its last value, `last_scale` also over its sd",
    )

    @property
    def needs(self) -> int:
        """Its own look_back, and what comes before it for the first change and the first lag."""
        reach = self.seasonal_lags.reach if self.seasonal_lags else 0
        return (self.look_back or 1) + reach + int(self.difference)


class NetworkSpec(LearnedSpec):
    """What every network may choose about its training; null: as `training` says."""

    epochs: Whole | None = Field(default=None, ge=1, le=1_000_000)
    batch_size: Whole | None = Field(default=None, ge=1)
    learning_rate: Number | None = Field(default=None, gt=0)


class LstmSpec(NetworkSpec):
    """LSTM(units), then Dense(horizon)."""

    kind: Literal["lstm"]
    units: Units = 4


class GruSpec(NetworkSpec):
    """GRU(units), then Dense(horizon)."""

    kind: Literal["gru"]
    units: Units = 4


class FeedforwardSpec(NetworkSpec):
    """Dense layers of the sizes in `hidden`, then Dense(horizon)."""

    kind: Literal["feedforward"]
    hidden: tuple[Annotated[Whole, Field(ge=1, le=65_536)], ...] = Field(default=(8,), min_length=1)
    activation: Literal["relu", "tanh", "sigmoid"] = "relu"


class LinearSpec(LearnedSpec):
    """Ordinary least squares on the window."""

    kind: Literal["linear"]


class RidgeSpec(LearnedSpec):
    """Least squares that pays `alpha` for the squared size of its weights."""

    kind: Literal["ridge"]
    alpha: Number = Field(default=1.0, gt=0)


class PersistenceSpec(NamedSpec):
    """The last value, again."""

    kind: Literal["persistence"]


class SeasonalNaiveSpec(NamedSpec):
    """The value of the same season, over the last `seasons` of them."""

    kind: Literal["seasonal_naive"]
    season_length: Whole = Field(ge=1, description="points in a season")
    seasons: Whole = Field(default=1, ge=1)
    statistic: Literal["mean", "median"] = "mean"

    @property
    def needs(self) -> int:
        """All the seasons that it looks at."""
        return self.season_length * self.seasons


ForecasterSpec = Annotated[
    LstmSpec
    | GruSpec
    | FeedforwardSpec
    | LinearSpec
    | RidgeSpec
    | PersistenceSpec
    | SeasonalNaiveSpec,
    Field(discriminator="kind"),
]
