"""Figures are drawn and saved as pictures that open. What they look like, people judge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from lstm_ops.data.contract import check_series
from lstm_ops.data.raw import RawSeries
from lstm_ops.data.windows import split
from lstm_ops.evaluation import drawing, figures
from lstm_ops.evaluation.scores import Score, summarise
from lstm_ops.experiment import Split, Window

Y = np.random.default_rng(0).normal(size=60).cumsum()
DATES = pd.Series(pd.date_range("2020-01-01", periods=60, freq="MS"))
SERIES = check_series(RawSeries("s", DATES, pd.Series(Y), "here", signal=pd.Series(Y)))
PARTS = split(Y, Split(), Window(look_back=2, horizon=2))
PARTS_TRAIN = len(PARTS.train_values)
SUMMARIES = summarise(
    [Score(n, n, None, {"validation/rmse": 1.0, "test/rmse": 2.0}) for n in ("a", "b")]
)


DRAWN: dict[str, Callable[[], Figure]] = {
    "series": lambda: figures.series_with_split(SERIES, len(PARTS.fit_values), PARTS_TRAIN),
    "forecasts": lambda: figures.forecasts_against_actual(
        SERIES, PARTS.test, {"a": PARTS.test.targets}
    ),
    "losses": lambda: figures.loss_curves({"a": [3.0, 2.0, 1.0], "b": [2.0, 2.0, 0.5]}),
    "no losses": lambda: figures.loss_curves({}),
    "errors": lambda: figures.errors(SUMMARIES, 0.5),
    "errors without a floor": lambda: figures.errors(SUMMARIES, None),
}


@pytest.mark.parametrize("name", DRAWN)
def test_figures_are_pictures_that_open(name: str, tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    drawing.save(DRAWN[name](), path)
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert path.stat().st_size > 5000
    height, width, _ = imread(path).shape
    assert width >= 1000
    assert height >= 400
