"""The sections of an experiment: frozen, checked when built, unknown keys refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from lstm_ops.experiment.base import Fraction, Name, Number, Section, Seeds, Whole, repeated
from lstm_ops.experiment.evaluation import Evaluation
from lstm_ops.experiment.forecast import Forecast
from lstm_ops.experiment.forecasters import ForecasterSpec
from lstm_ops.experiment.gate import Gate

ScalingKind = Literal["none", "standardise", "minmax"]


class Harmonic(Section):
    """`amplitude * sin(frequency * x)`."""

    frequency: Number = Field(gt=0)
    amplitude: Number


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


Source = Annotated[SyntheticSource | FileSource, Field(discriminator="kind")]


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
