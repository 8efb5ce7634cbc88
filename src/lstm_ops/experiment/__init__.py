"""Experiments: one YAML file each, holding everything that decides a result."""

from lstm_ops.experiment.evaluation import Cutoffs, Evaluation, Runner
from lstm_ops.experiment.files import load, names
from lstm_ops.experiment.forecast import Forecast
from lstm_ops.experiment.forecasters import (
    FeedforwardSpec,
    ForecasterSpec,
    GruSpec,
    LearnedSpec,
    LinearSpec,
    LstmSpec,
    NetworkSpec,
    Normalisation,
    PersistenceSpec,
    RidgeSpec,
    SeasonalLags,
    SeasonalNaiveSpec,
)
from lstm_ops.experiment.gate import Budget, Gate
from lstm_ops.experiment.overrides import override_paths
from lstm_ops.experiment.sections import (
    EarlyStopping,
    Experiment,
    FileSource,
    Harmonic,
    ScalingKind,
    Source,
    Split,
    SyntheticSource,
    Training,
    Window,
)

__all__ = [
    "Budget",
    "Cutoffs",
    "EarlyStopping",
    "Evaluation",
    "Experiment",
    "FeedforwardSpec",
    "FileSource",
    "Forecast",
    "ForecasterSpec",
    "Gate",
    "GruSpec",
    "Harmonic",
    "LearnedSpec",
    "LinearSpec",
    "LstmSpec",
    "NetworkSpec",
    "Normalisation",
    "PersistenceSpec",
    "RidgeSpec",
    "Runner",
    "ScalingKind",
    "SeasonalLags",
    "SeasonalNaiveSpec",
    "Source",
    "Split",
    "SyntheticSource",
    "Training",
    "Window",
    "load",
    "names",
    "override_paths",
]
