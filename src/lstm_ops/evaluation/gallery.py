"""Every picture of a backtest with its file name and what to see in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from lstm_ops.evaluation import drawing, error_figures, evidence_figures, forecast_figures
from lstm_ops.evaluation.findings import Findings


@dataclass(frozen=True)
class Picture:
    """`stem` of its file name; `shows` for those who cannot see it; `caption` is read beside it."""

    stem: str
    draw: Callable[[Findings], Figure]
    shows: str
    caption: str


PICTURES = (
    Picture(
        "seeds",
        evidence_figures.seeds,
        "RMSE of every seed of every forecaster, and each comparison with its interval",
        "Above, chance: how far training alone moves the RMSE. Below, evidence: where an interval "
        "holds 0, the two are not told apart.",
    ),
    Picture(
        "rmse_by_cutoff",
        error_figures.by_cutoff,
        "RMSE of every forecaster after each cutoff",
        "Lines that cross mean that who is best depends on when one asks.",
    ),
    Picture(
        "error_by_horizon",
        error_figures.by_horizon,
        "RMSE of every forecaster by steps ahead",
        "How the error grows with distance, where more than one step is forecast.",
    ),
    Picture(
        "fan",
        forecast_figures.fan,
        "Forecasts of the best forecaster with their intervals against what came",
        "The forecaster with the lowest RMSE, its seed of median RMSE. The band adapts to errors "
        "seen on the way, the thin lines were set when it was fitted.",
    ),
    Picture(
        "coverage",
        forecast_figures.coverage,
        "Share of targets within the intervals as time goes by",
        "Below the dashed line intervals are too narrow, above it wider than they need be.",
    ),
    Picture(
        "residuals",
        forecast_figures.residuals,
        "Autocorrelation of every forecaster's residuals",
        "Bars beyond the shade are structure that the forecaster left in the series.",
    ),
)


def draw_all(folder: Path, findings: Findings) -> list[Path]:
    """Write every picture as a PNG into `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for picture in PICTURES:
        path = folder / f"{picture.stem}.png"
        drawing.save(picture.draw(findings), path)
        paths.append(path)
    return paths
