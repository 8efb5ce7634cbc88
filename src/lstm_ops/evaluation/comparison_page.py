"""What a backtest found as one HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lstm_ops.evaluation import method
from lstm_ops.evaluation.chart import moment, times_of
from lstm_ops.evaluation.evidence import Comparison
from lstm_ops.evaluation.findings import Findings, rmse_by_cutoff
from lstm_ops.evaluation.gallery import PICTURES
from lstm_ops.evaluation.html import template
from lstm_ops.evaluation.judgement import sentence
from lstm_ops.evaluation.text import number, p_value, percent
from lstm_ops.evaluation.walks import Standing, Walk

TEMPLATE = "comparison.html.jinja"
UNKNOWN = "–"
ADAPTIVE, SPLIT = "adaptive interval", "split interval"


@dataclass(frozen=True)
class Column:
    """A metric of the score table. `share`: written in percent; `group`: heads several."""

    metric: str
    title: str
    group: str = ""
    share: bool = False


COLUMNS = (
    Column("rmse", "RMSE"),
    Column("rmse_over_noise_floor", "×\u00a0noise floor"),
    Column("mae", "MAE"),
    Column("mase", "MASE"),
    Column("smape", "sMAPE,\u00a0%"),
    Column("coverage", "coverage,\u00a0%", ADAPTIVE, share=True),
    Column("width", "width", ADAPTIVE),
    Column("coverage_split", "coverage,\u00a0%", SPLIT, share=True),
    Column("width_split", "width", SPLIT),
)


def page(findings: Findings, pictures: Sequence[Path]) -> str:
    """Verdict, tables, method and `pictures`, files that `gallery.draw_all` wrote."""
    columns = [c for c in COLUMNS if c.metric in findings.standings[0].mean]
    content = {
        "f": findings,
        "verdict": findings.verdict,
        "columns": columns,
        "scores": [(s, [_score(s, c) for c in columns]) for s in findings.standings],
        "comparisons": [_compared(c, findings) for c in findings.comparisons],
        "pictures": [_picture(path) for path in pictures],
        "seeds": _seeds(findings),
        "runs": [(s, _runs(s, _seeds(findings))) for s in findings.standings],
        "cutoffs": _cutoffs(findings),
        "method": method.paragraph(findings),
        "diverged": [_walk(walk) for walk in findings.diverged],
        "evaluation": findings.experiment.evaluation,
    }
    return str(
        template("lstm_ops.evaluation", TEMPLATE, number=number, percent=percent).render(content)
    )


def _walk(walk: Walk) -> str:
    return walk.forecaster if walk.seed is None else f"{walk.forecaster}, seed {walk.seed}"


def _score(standing: Standing, column: Column) -> tuple[str, str]:
    """Mean and sd, the latter empty where there is none."""
    factor, digits = (100, 3) if column.share else (1, 4)
    mean, sd = (factor * known[column.metric] for known in (standing.mean, standing.sd))
    several = len(standing.runs) > 1 and math.isfinite(sd)
    return number(mean, digits, padded=True), number(sd, 2, padded=True) if several else ""


def _compared(c: Comparison, findings: Findings) -> dict[str, Any]:
    seeds = {s.forecaster: len(s.seeds) for s in findings.standings}
    pairs = seeds[c.a] * seeds[c.b]
    difference, interval = _difference(c, _decimals(findings))
    return {
        "c": c,
        "difference": difference,
        "interval": interval,
        "p": _p(c.p),
        "p_adjusted": _p(c.p_adjusted),
        "wins": f"{round(c.seed_wins * pairs)} of {pairs}",
        "sentence": sentence(c),
    }


def _difference(c: Comparison, decimals: int) -> tuple[str, str]:
    """With its interval."""
    values = (c.difference, c.interval.low, c.interval.high)
    if not all(map(math.isfinite, values)):
        return UNKNOWN, UNKNOWN
    middle, low, high = (f"{value:.{decimals}f}" for value in values)
    return ("+" if c.difference > 0 else "") + middle, f"{low} to {high}"


def _decimals(findings: Findings) -> int:
    """As many as four digits of the lowest RMSE have."""
    lowest = [c.rmse_b for c in findings.comparisons if 0 < c.rmse_b < math.inf]
    return max(0, 3 - math.floor(math.log10(min(lowest)))) if lowest else 4


def _p(p: float) -> str:
    return p_value(p).removeprefix("p ").removeprefix("= ") if math.isfinite(p) else UNKNOWN


def _seeds(findings: Findings) -> list[int]:
    """Of all forecasters that have some, each once."""
    return sorted({seed for s in findings.standings for seed in s.seeds if seed is not None})


def _runs(standing: Standing, seeds: Sequence[int]) -> list[str]:
    """A cell for each seed; a single one for a forecaster that needs none."""
    found = dict(zip(standing.seeds, (run["rmse"] for run in standing.runs), strict=True))
    if None in found:
        return [_rmse(found[None])]
    return [_rmse(found[seed]) if seed in found else "" for seed in seeds]


def _rmse(value: float) -> str:
    return number(value, padded=True) if math.isfinite(value) else "diverged"


def _cutoffs(findings: Findings) -> list[dict[str, Any]]:
    """A row a cutoff: when, after how many points, how many origins follow, and the mean RMSEs."""
    times, walk = times_of(findings.series), findings.walks[0]
    means = [
        np.mean([rmse_by_cutoff(w) for w in sound], axis=0) if sound else None
        for sound in map(findings.sound, findings.names)
    ]
    rows = []
    for i, cutoff in enumerate(findings.cutoffs):
        values = [math.inf if mean is None else float(mean[i]) for mean in means]
        rows.append(
            {
                "time": moment(times[cutoff - 1]),
                "points": int(cutoff),
                "origins": int(np.sum(walk.cutoffs == cutoff)),
                "rmse": [_rmse(value) for value in values],
                "best": int(np.argmin(values)),
            }
        )
    return rows


def _picture(path: Path) -> dict[str, str]:
    known = next((p for p in PICTURES if p.stem == path.stem), None)
    return {
        "source": f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}",
        "shows": known.shows if known else path.stem,
        "caption": known.caption if known else "",
    }
