"""The sections of an experiment: frozen, checked when built, unknown keys refused."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from lstm_ops.experiment.base import Fraction, Name, Number, Section, Seeds, Whole, repeated
from lstm_ops.experiment.evaluation import Evaluation
from lstm_ops.experiment.forecast import Forecast
from lstm_ops.experiment.forecasters import ForecasterSpec
from lstm_ops.experiment.gate import Gate
from lstm_ops.experiment.ingest import Ingest
from lstm_ops.experiment.monitor import Monitor
from lstm_ops.experiment.retraining import Retraining
from lstm_ops.experiment.sources import Source

ScalingKind = Literal["none", "standardise", "minmax"]


class Split(Section):
    """The first part trains; its last part chooses; the rest tests and decides nothing."""

    train_fraction: Fraction = 0.67
    validation_fraction: Fraction = Field(
        default=0.2, description="last part of train, on which forecasters are compared"
    )


class Window(Section):
    """`look_back` inputs, `horizon` targets.

    Layout `features` is (n, 1, look_back), `steps` is (n, look_back, 1); seasonal lags are more
    features.
    """

    look_back: Whole = Field(default=1, ge=1, le=100_000)
    horizon: Whole = Field(default=1, ge=1, le=100_000)
    layout: Literal["features", "steps"] = "steps"
    drop_last_pair: bool = Field(
        default=False, description="leave out each part's last window, as LSTM Explained does"
    )


class EarlyStopping(Section):
    """Stop when the loss on the last windows has not fallen for `patience` epochs, and go back."""

    fraction: Fraction = Field(default=0.15, description="last windows of a fit, held out of it")
    patience: Whole = Field(default=5, ge=1, le=1_000_000, description="epochs without a new best")


class Training(Section):
    """How networks are trained: Adam on the mean squared error."""

    epochs: Whole = Field(default=10, ge=1, le=1_000_000)
    batch_size: Whole = Field(default=1, ge=1)
    learning_rate: Number = Field(default=0.001, gt=0)
    shuffle: bool = Field(default=True, description="a new order of windows in every epoch")
    engine: Literal["compiled", "fit"] = Field(
        default="compiled", description="an epoch in one compiled loop, or Keras's own"
    )
    early_stopping: EarlyStopping | None = Field(
        default=None, description="`epochs` is then the most there can be"
    )


class Experiment(Section):
    """One recipe on one series."""

    series: Name = Field(description="the MLflow experiment and registered model")
    source: Source
    split: Split = Split()
    window: Window = Window()
    scaling: ScalingKind = "none"
    forecasters: tuple[ForecasterSpec, ...] = Field(min_length=1)
    training: Training = Training()
    seeds: Seeds = (7,)
    evaluation: Evaluation = Evaluation()
    gate: Gate = Gate()
    forecast: Forecast = Forecast()
    ingest: Ingest | None = Field(default=None, description="null: nothing is ingested")
    monitor: Monitor = Monitor()
    retraining: Retraining = Retraining()

    @field_validator("forecasters")
    @classmethod
    def _names_differ(cls, specs: tuple[ForecasterSpec, ...]) -> tuple[ForecasterSpec, ...]:
        if again := repeated([spec.name or spec.kind for spec in specs]):
            names = ", ".join(again)
            raise ValueError(
                f"forecaster {names} is given more than once; give each a name of its own"
            )
        return tuple(s if s.name else s.model_copy(update={"name": s.kind}) for s in specs)

    @model_validator(mode="after")
    def _windows_are_long_enough(self) -> Experiment:
        for spec in self.forecasters:
            if spec.needs > self.window.look_back:
                raise ValueError(
                    f"forecaster {spec.name!r} looks back {spec.needs} values and window.look_back "
                    f"is {self.window.look_back}; lengthen window.look_back"
                )
        return self
