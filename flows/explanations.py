"""The explanation of an LSTM, beside it in its run."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from prefect.logging import get_run_logger

from flows.store import tracking_store
from lstm_ops.data.windows import Layout, Windows
from lstm_ops.errors import UnsupportedModel
from lstm_ops.evaluation.trial import Trial
from lstm_ops.models.adapted import seen_by
from lstm_ops.models.network import FittedNetwork
from lstm_ops.tracking import runs

if TYPE_CHECKING:
    from lstm_ops.anatomy.explanation import Explanation

FOLDER = "explanation"


def log_explanation(
    run_id: str, title: str, name: str, trial: Trial, train: Windows, layout: Layout
) -> None:
    """The page that opens in MLflow's artifact viewer, and its figures as JSON.

    `title` is the series, `name` the trial; `train` the windows that it was fitted on. An LSTM that
    cannot be explained is no failure of its training: a line of the log says why.
    """
    try:
        explanation = _explain(run_id, title, name, trial, train, layout)
    except UnsupportedModel as reason:
        get_run_logger().info(f"No explanation of {name}: {reason}")
        return
    _log(run_id, explanation)


def _explain(
    run_id: str, title: str, name: str, trial: Trial, train: Windows, layout: Layout
) -> Explanation:
    from lstm_ops.anatomy import subjects
    from lstm_ops.anatomy.explanation import explain

    fitted, view = seen_by(trial.fitted)
    assert isinstance(fitted, FittedNetwork)
    source = f"{name}, MLflow run {run_id}"
    subject = subjects.of_training(title, source, train, trial.scaling, layout, view)
    return explain(fitted.network, subject)


def _log(run_id: str, explanation: Explanation) -> None:
    from lstm_ops.anatomy.as_json import as_dict
    from lstm_ops.anatomy.page import page

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / FOLDER
        folder.mkdir()
        text = json.dumps(as_dict(explanation), indent=1, allow_nan=False)
        (folder / "explanation.json").write_text(text, encoding="utf-8")
        (folder / "explanation.html").write_text(page(explanation), encoding="utf-8")
        runs.log_folder(tracking_store(), run_id, Path(scratch))
