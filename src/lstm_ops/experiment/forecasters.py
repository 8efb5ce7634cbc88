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


class LearnedSpec(NamedSpec):
    """What every forecaster that is fitted may choose about its windows."""

    look_back: Whole | None = Field(
        default=None, ge=1, description="the last values of a window that it sees; null: all"
    )
    normalise: Normalisation = Field(
        default="none",
        description="each window: `last` less its last value, `last_scale` also over its sd",
    )

    @property
    def needs(self) -> int:
        """Its own look_back."""
        return self.look_back or 1


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
