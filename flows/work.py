"""The work of a backtest: its pieces, and where the forecasts of each are kept meanwhile."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from flows.beginning import Opened
from lstm_ops import project
from lstm_ops.data import series as series_files
from lstm_ops.data.series import Series
from lstm_ops.evaluation import backtest, origins
from lstm_ops.evaluation.backtest import Piece
from lstm_ops.experiment import Experiment, NetworkSpec
from lstm_ops.models import catalog

# Their arithmetic is part of every figure.
LIBRARIES = ("numpy", "scikit-learn", "tensorflow", "keras")


@dataclass(frozen=True)
class Work:
    """A series with its plan, the pieces, and the files in which forecasts are or will be."""

    series: Series
    plan: origins.Plan
    files: dict[Path, Piece]

    def missing(self) -> dict[Path, Piece]:
        """What no backtest has done yet."""
        return {path: piece for path, piece in self.files.items() if not path.is_file()}


def work_of(opened: Opened, series: Path) -> Work:
    """The plan of a run and its pieces; each step works it out anew from recipe and series."""
    observed, recipe = series_files.read(series), opened.recipe
    plan = origins.plan(len(observed), recipe)
    digest = observed.digest()
    return Work(
        observed,
        plan,
        {
            folder_of(opened) / f"{key_of(piece, recipe, digest)}.npz": piece
            for piece in backtest.pieces(plan, recipe)
        },
    )


def folder_of(opened: Opened) -> Path:
    """Where the forecasts of a run's pieces are, by this code."""
    return opened.folder / "pieces" / project.code_digest()


def key_of(piece: Piece, recipe: Experiment, data_digest: str) -> str:
    """A fingerprint of everything but our code that decides a piece's result."""
    shared = recipe.model_dump(
        mode="json",
        include={
            "split": {"validation_fraction"},
            "window": True,
            "scaling": True,
            "evaluation": {"horizon", "strategy", "origin_step", "level"},
        },
    )
    blocks = [
        [block.first_seen, block.fitted_at, int(block.origins[0]), int(block.origins[-1])]
        for block in piece.blocks
    ]
    training = catalog.training_of(piece.spec, recipe).model_dump(mode="json")
    decisive = {
        "data": data_digest,
        "shared": shared,
        "spec": piece.spec.model_dump(mode="json"),
        "training": training if isinstance(piece.spec, NetworkSpec) else None,
        "seed": piece.seed,
        "blocks": blocks,
        "libraries": [f"{name} {metadata.version(name)}" for name in LIBRARIES],
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:32]
