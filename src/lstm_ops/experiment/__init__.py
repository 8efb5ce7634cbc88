"""Experiments: one YAML file each, holding everything that decides a result."""

from lstm_ops.experiment.files import load, names
from lstm_ops.experiment.overrides import override_paths
from lstm_ops.experiment.sections import (
    Experiment,
    FeedforwardSpec,
    FileSource,
    ForecasterSpec,
    Harmonic,
    LinearSpec,
    LstmSpec,
    PersistenceSpec,
    ScalingKind,
    Source,
    Split,
    SyntheticSource,
    Training,
    Window,
)

__all__ = [
    "Experiment",
    "FeedforwardSpec",
    "FileSource",
    "ForecasterSpec",
    "Harmonic",
    "LinearSpec",
    "LstmSpec",
    "PersistenceSpec",
    "ScalingKind",
    "Source",
    "Split",
    "SyntheticSource",
    "Training",
    "Window",
    "load",
    "names",
    "override_paths",
]
