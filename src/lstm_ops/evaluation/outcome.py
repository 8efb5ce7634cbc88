"""All that a backtest found: scores, standings, comparisons, verdict; for people and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from lstm_ops.data.series import Series
from lstm_ops.evaluation import evidence, judgement
from lstm_ops.evaluation.backtest import Forecasts, Piece
from lstm_ops.evaluation.evidence import Comparison
from lstm_ops.evaluation.findings import Findings
from lstm_ops.evaluation.origins import Plan
from lstm_ops.evaluation.rolling import targets_of
from lstm_ops.evaluation.walks import Standing, Walk, standings, walks
from lstm_ops.experiment import Experiment

Row = dict[str, Any]


def judge(
    results: Iterable[tuple[Piece, Forecasts]],
    series: Series,
    plan: Plan,
    experiment: Experiment,
    name: str,
) -> Findings:
    """From the forecasts of every piece to everything that they tell. `name`: the experiment's."""
    evaluation = experiment.evaluation
    walked = walks(results, series.values, plan, evaluation.season_length)
    floor = noise_floor(series, plan)
    comparisons = evidence.compare(walked, plan.origin_step, evaluation.confidence)
    return Findings(name, experiment, series, walked, standings(walked, floor), comparisons, floor)


def noise_floor(series: Series, plan: Plan) -> float | None:
    """RMSE of the true signal on everything that is forecast; None where unknown or 0."""
    if series.signal is None:
        return None
    noise = series.values - series.signal
    return float(np.sqrt(np.mean(targets_of(noise, plan.origins, plan.horizon) ** 2))) or None


def as_dict(findings: Findings) -> dict[str, Any]:
    """What people may rely on, with plain values; a figure that does not exist is None."""
    found = {
        "scores": scores(findings.walks, findings.series),
        "summary": [_summary(standing) for standing in findings.standings],
        "comparisons": [_comparison(comparison) for comparison in findings.comparisons],
        "verdict": findings.verdict,
    }
    content: dict[str, Any] = plain(found)
    return content


def scores(walked: Sequence[Walk], series: Series) -> list[Row]:
    """A row for each forecaster, seed, cutoff and step ahead.

    `cutoff` is the time of the last point known, `points` how many are.
    """
    times = series.frame["t"]
    return [
        {
            "forecaster": walk.forecaster,
            "seed": walk.seed,
            "cutoff": time_of(times.iloc[cutoff - 1]),
            "points": int(cutoff),
            "horizon": step,
            **walk.score(cutoff, step),
        }
        for walk in walked
        for cutoff in np.unique(walk.cutoffs)
        for step in range(1, walk.horizon + 1)
    ]


def table(findings: Findings) -> list[Row]:
    """A row a forecaster, for people: means over seeds, and how far seeds lie apart."""
    columns = {
        "RMSE": "rmse",
        "× noise floor": "rmse_over_noise_floor",
        "MAE": "mae",
        "MASE": "mase",
        "sMAPE %": "smape",
        "coverage": "coverage",
        "width": "width",
        "split coverage": "coverage_split",
    }
    rows = []
    for s in findings.standings:
        row: Row = {"forecaster": s.forecaster, "seeds": len(s.seeds)}
        for column, metric in columns.items():
            if metric in s.mean:
                row[column] = s.mean[metric]
            if metric == "rmse":
                row["± sd"] = s.sd["rmse"]
        rows.append(row)
    return rows


def comparison_table(findings: Findings) -> list[Row]:
    """A row a comparison, for people."""
    return [
        {
            "a against b": f"{c.a} against {c.b}",
            "verdict": c.verdict,
            "difference": c.difference,
            "from": c.interval.low,
            "to": c.interval.high,
            "p": c.p,
            "p (Holm)": c.p_adjusted,
            "seeds better": c.seed_wins,
        }
        for c in findings.comparisons
    ]


def time_of(time: Any) -> float | str:
    """A number as it is, a date in ISO's way."""
    return float(time) if isinstance(time, int | float | np.number) else time.isoformat()


def _summary(s: Standing) -> Row:
    return {
        "forecaster": s.forecaster,
        "kind": s.kind,
        "n_seeds": len(s.seeds),
        **s.mean,
        "sd": s.sd,
        "runs": [{"seed": seed, **run} for seed, run in zip(s.seeds, s.runs, strict=True)],
        "by_horizon": [{"horizon": h, **m} for h, m in enumerate(s.by_horizon, 1)],
    }


def _comparison(c: Comparison) -> Row:
    return {
        "a": c.a,
        "b": c.b,
        "difference": c.difference,
        "interval": [c.interval.low, c.interval.high],
        "relative": c.relative,
        "relative_interval": [c.relative_interval.low, c.relative_interval.high],
        "confidence": c.confidence,
        "rmse_a": c.rmse_a,
        "rmse_b": c.rmse_b,
        "statistic": c.statistic,
        "p": c.p,
        "p_adjusted": c.p_adjusted,
        "verdict": c.verdict,
        "sentence": judgement.sentence(c),
        "seed_wins": c.seed_wins,
        "n_seeds": c.n_seeds,
        "n_cutoffs": c.n_cutoffs,
        "n_origins": c.n_origins,
    }


def plain(value: Any) -> Any:
    """The same without figures that JSON does not know: None instead."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
