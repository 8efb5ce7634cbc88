"""What every parent run carries: what it found in words, and what brings it back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from lstm_ops import project
from lstm_ops.evaluation import comparison_page, gallery, outcome, text
from lstm_ops.evaluation.findings import Findings
from lstm_ops.experiment import Experiment
from lstm_ops.experiment.files import dump
from lstm_ops.redaction import redacted


def bring_back(recipe: Experiment, series: Path, folder: Path) -> None:
    """The series, the resolved experiment without credentials, and the lock."""
    shutil.copy(series, folder / "series.parquet")
    (folder / "experiment.yaml").write_text(redacted(dump(recipe)), encoding="utf-8")
    if (lock := project.root() / project.LOCK).is_file():
        shutil.copy(lock, folder)


def findings(found: Findings, folder: Path) -> dict[str, Any]:
    """What a backtest found: pictures, one page with all of it, and JSON, which it also gives."""
    content = outcome.as_dict(found)
    (folder / "backtest.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    pictures = gallery.draw_all(folder / "figures", found)
    page = comparison_page.page(found, pictures)
    (folder / "comparison.html").write_text(page, encoding="utf-8")
    return content


def description(found: Findings) -> str:
    """A backtest's verdict and tables, as Markdown."""
    parts = [f"**{found.verdict}**", text.markdown(outcome.table(found))]
    if found.comparisons:
        parts.append(text.markdown(outcome.comparison_table(found)))
    return "\n\n".join(parts)
