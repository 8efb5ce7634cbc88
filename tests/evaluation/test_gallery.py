"""A backtest's pictures open in every case, and show what was foretold and no more."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from lstm_ops.evaluation import error_figures, evidence_figures, forecast_figures
from lstm_ops.evaluation.findings import Findings, rmse
from lstm_ops.evaluation.gallery import PICTURES, Picture

Make = Callable[..., Findings]
LONG = "lstm/" + "a-very-long-name-" * 5
FOUR = {
    "persistence": [1.0],
    "linear": [0.9],
    "lstm": [0.8, 0.9, 1.0],
    "feedforward": [0.7, 0.8, 0.9],
}
AWKWARD: dict[str, dict[str, Any]] = {
    "two steps, dates, a noise floor": {"errors": FOUR, "floor": 0.5, "dates": True, "horizon": 2},
    "one of everything": {"errors": {"linear": [1.0]}, "cutoffs": 1, "origins": 1},
    "far off, overflown, diverged, long names": {
        "errors": {"linear": [1.0], LONG + "1": [0.9, 30.0, math.nan], LONG + "2": [1e200, 1e30]}
    },
    "nothing but diverged": {"errors": {"lstm": [math.nan, math.inf]}},
    "no error, one cutoff, a hundred steps": {
        "errors": {"linear": [0.0], "lstm": [0.0, 0.0]},
        "horizon": 100,
        "cutoffs": 1,
    },
}


def texts(figure: Figure) -> str:
    return "\n".join(found.get_text() for found in figure.findobj(Text))


def all_in_view(figure: Figure) -> bool:
    """Whether no point of any line lies outside its panel, as the figure was last drawn."""
    return all(
        axes.bbox.padded(1).contains(*point)
        for axes in figure.axes
        for line in axes.lines
        for point in line.get_transform().transform(line.get_xydata())
    )


@pytest.fixture(scope="module", params=AWKWARD)
def awkward(request: pytest.FixtureRequest, make_findings: Make) -> Findings:
    with np.errstate(all="ignore"):
        return make_findings(**AWKWARD[request.param])


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_every_case_is_drawn(picture: Picture, awkward: Findings) -> None:
    figure = picture.draw(awkward)
    FigureCanvasAgg(figure).draw()
    assert all_in_view(figure) or "beyond the edge" in texts(figure)


def test_far_off_seeds_make_a_logarithmic_axis(make_findings: Make) -> None:
    near, far = ({"lstm": [1.0, 1.1, 1.2], "linear": [worst]} for worst in (2.0, 20.0))
    for errors, scale in ((near, "linear"), (far, "log")):
        findings = make_findings(errors)
        dots = evidence_figures.seeds(findings).axes[0]
        assert dots.get_xscale() == scale
        assert error_figures.by_cutoff(findings).axes[0].get_yscale() == scale
        low, high = dots.get_xlim()
        assert all(low < rmse(walk) < high for walk in findings.walks)


def test_pictures_name_the_seeds_that_diverged(make_findings: Make) -> None:
    findings = make_findings({"linear": [1.0], "lstm": [0.5, math.nan]})
    for picture in PICTURES:
        assert "training diverged: lstm, seed 1." in texts(picture.draw(findings))
    (line,) = [
        line
        for line in error_figures.by_cutoff(findings).axes[0].lines
        if line.get_label() == "lstm"
    ]
    assert np.all(np.asarray(line.get_ydata()) < 1)


@pytest.mark.parametrize(("horizon", "fans"), [(1, 1), (2, 24), (30, 2)])
def test_the_band_is_the_forecast_and_its_margin(
    horizon: int, fans: int, make_findings: Make
) -> None:
    findings = make_findings({"linear": [1.0], "lstm": [0.1, 0.3, 0.2]}, horizon=horizon)
    walk = findings.walks[3]  # the median seed of the best forecaster
    axes = forecast_figures.fan(findings).axes[0]
    bands = [found for found in axes.collections if isinstance(found, PolyCollection)]
    assert len(bands) == fans
    drawn = np.concatenate([band.get_paths()[0].vertices for band in bands])
    rows = range(len(walk.origins)) if horizon == 1 else range(-1, -fans * horizon, -horizon)
    for row in rows:
        at = findings.series.frame["t"].to_numpy()[walk.origins[row] + np.arange(horizon)]
        for end in (
            walk.forecasts[row] - walk.adaptive[row],
            walk.forecasts[row] + walk.adaptive[row],
        ):
            for corner in zip(at, end, strict=True):
                assert np.isclose(drawn, corner).all(axis=1).any()


def test_a_comparison_is_drawn_where_it_lies_in_the_colour_of_its_verdict(
    make_findings: Make,
) -> None:
    findings = make_findings({"persistence": [1.0], "linear": [0.5], "lstm": [1.02]}, origins=140)
    forest = evidence_figures.seeds(findings).axes[2]
    verdicts = [c.verdict for c in findings.comparisons]
    assert verdicts == ["better", "not distinguishable", "worse"]
    intervals = [
        line for line in forest.lines if list(line.get_xdata()) and line.get_marker() == "None"
    ]
    for c, line in zip(findings.comparisons, intervals, strict=False):
        ends = [100 * c.relative_interval.low, 100 * c.relative_interval.high]
        np.testing.assert_allclose(line.get_xdata(), ends)
        assert line.get_color() == evidence_figures.COLOURS[c.verdict]


def test_coverage_is_a_share_of_the_last_origins(make_findings: Make) -> None:
    findings = make_findings({"lstm": [1.0, 1.0, 1.1]}, level=0.8)
    walk = findings.best()
    assert walk is not None
    figure = forecast_figures.coverage(findings)
    split, adaptive, aimed = figure.axes[0].lines
    window = forecast_figures.coverage_window(len(walk.origins))
    inside = np.abs(walk.actual - walk.forecasts)[-window:] <= walk.adaptive[-window:]
    assert np.asarray(adaptive.get_ydata())[-1] == pytest.approx(inside.mean())
    assert len(np.asarray(split.get_ydata())) == len(walk.origins) - window + 1
    assert list(np.asarray(aimed.get_ydata())) == [0.8, 0.8]
    assert f"{window} origins at a time" in texts(figure)


@pytest.mark.filterwarnings("error")
def test_autocorrelations_are_those_of_the_definition() -> None:
    alternating = np.tile([1.0, -1.0], 50)
    found = forecast_figures.autocorrelations(alternating, 3)
    np.testing.assert_allclose(found, [-0.99, 0.98, -0.97])
    assert np.isnan(forecast_figures.autocorrelations(np.ones(9), 2)).all()
