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
from lstm_ops.experiment.ingest import (
    Arrivals,
    FolderArrivals,
    Ingest,
    SqlArrivals,
    SyntheticArrivals,
)
from lstm_ops.experiment.monitor import DriftWatch, Monitor
from lstm_ops.experiment.overrides import override_paths
from lstm_ops.experiment.retraining import Retraining
from lstm_ops.experiment.sections import (
    EarlyStopping,
    Experiment,
    ScalingKind,
    Split,
    Training,
    Window,
)
from lstm_ops.experiment.sources import (
    Drift,
    FileSource,
    Harmonic,
    Source,
    SqlSource,
    SyntheticSource,
)

__all__ = [
    "Arrivals",
    "Budget",
    "Cutoffs",
    "Drift",
    "DriftWatch",
    "EarlyStopping",
    "Evaluation",
    "Experiment",
    "FeedforwardSpec",
    "FileSource",
    "FolderArrivals",
    "Forecast",
    "ForecasterSpec",
    "Gate",
    "GruSpec",
    "Harmonic",
    "Ingest",
    "LearnedSpec",
    "LinearSpec",
    "LstmSpec",
    "Monitor",
    "NetworkSpec",
    "Normalisation",
    "PersistenceSpec",
    "Retraining",
    "RidgeSpec",
    "Runner",
    "ScalingKind",
    "SeasonalLags",
    "SeasonalNaiveSpec",
    "Source",
    "Split",
    "SqlArrivals",
    "SqlSource",
    "SyntheticArrivals",
    "SyntheticSource",
    "Training",
    "Window",
    "load",
    "names",
    "override_paths",
]
