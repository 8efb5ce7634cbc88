"""What every parent run carries: what it found in words, and what brings it back."""

from __future__ import annotations

import shutil
from pathlib import Path

from lstm_ops import project
from lstm_ops.evaluation import outcome, text
from lstm_ops.evaluation.outcome import Outcome
from lstm_ops.experiment import Experiment
from lstm_ops.experiment.files import dump
from lstm_ops.redaction import redacted


def bring_back(recipe: Experiment, series: Path, folder: Path) -> None:
    """The series, the resolved experiment without credentials, and the lock."""
    shutil.copy(series, folder / "series.parquet")
    (folder / "experiment.yaml").write_text(redacted(dump(recipe)), encoding="utf-8")
    if (lock := project.root() / project.LOCK).is_file():
        shutil.copy(lock, folder)


def description(found: Outcome) -> str:
    """A backtest's verdict and tables, as Markdown."""
    parts = [f"**{found.verdict}**", text.markdown(outcome.table(found))]
    if found.comparisons:
        parts.append(text.markdown(outcome.comparison_table(found)))
    return "\n\n".join(parts)
