"""How a backtest was done, in words."""

from __future__ import annotations

from lstm_ops.evaluation.chart import moment, times_of
from lstm_ops.evaluation.findings import Findings
from lstm_ops.evaluation.judgement import listed


def paragraph(findings: Findings) -> str:
    """Cutoffs, fits, origins, horizon, strategy, seeds, intervals and comparisons."""
    said = [_cutoffs, _fits, _origins, _seeds, _intervals, _comparisons]
    return " ".join(say(findings) for say in said)


def _cutoffs(findings: Findings) -> str:
    cutoffs, times = findings.cutoffs, times_of(findings.series)
    last_seen = moment(times[cutoffs[0] - 1])
    first = f"at t = {last_seen}, when {cutoffs[0]} of {len(times)} points are known"
    if len(cutoffs) == 1:
        return f"There is one cutoff, {first}."
    return (
        f"There are {len(cutoffs)} cutoffs, the first {first}, "
        f"the last at t = {moment(times[cutoffs[-1] - 1])}."
    )


def _fits(findings: Findings) -> str:
    settings = findings.experiment.evaluation.cutoffs
    seen = "all points before it"
    if settings.window == "sliding":
        seen = f"the last {findings.cutoffs[0]} points before it"
    if len(findings.cutoffs) == 1:
        return f"There every forecaster is fitted, scaling included, on {seen}."
    when = {1: "each", 2: "every second", 3: "every third"}.get(
        settings.refit_every, f"every {settings.refit_every}th"
    )
    return f"At {when} of them every forecaster is fitted anew, scaling included, on {seen}."


def _origins(findings: Findings) -> str:
    evaluation, n = findings.experiment.evaluation, len(findings.walks[0].origins)
    point = "point" if evaluation.origin_step == 1 else f"{evaluation.origin_step} points"
    ahead = "one step" if findings.horizon == 1 else f"{findings.horizon} steps"
    said = f"From {n} origins, one every {point}, it forecasts {ahead} ahead."
    if findings.horizon == 1:
        return said
    if evaluation.strategy == "direct":
        return f"{said} All steps are fitted at once (direct)."
    fitted = findings.experiment.window.horizon
    if fitted >= findings.horizon:
        return said
    return (
        f"{said} Beyond the {'first' if fitted == 1 else f'first {fitted}'} it feeds on its own "
        "forecasts (recursive)."
    )


def _seeds(findings: Findings) -> str:
    seeds = sorted({w.seed for w in findings.walks if w.seed is not None})
    if not seeds:
        return "No forecaster depends on chance, so there are no seeds."
    if len(seeds) == 1:
        return f"What depends on chance is trained with one seed, {seeds[0]}."
    named = listed([str(seed) for seed in seeds])
    return f"What depends on chance is trained with {len(seeds)} seeds: {named}."


def _intervals(findings: Findings) -> str:
    level = findings.experiment.evaluation.level
    return (
        f"Intervals are meant to hold {100 * level:.3g} % of the targets: the split one is as wide "
        "as past errors on points that the fit had not seen, the adaptive one also learns from "
        "errors as they come."
    )


def _comparisons(findings: Findings) -> str:
    if not findings.comparisons:
        return "With one forecaster there is nothing to compare."
    c = findings.comparisons[0]
    return (
        "Each forecaster is compared with every simpler one on the same targets, squared errors "
        f"averaged over seeds: {100 * c.confidence:.3g} % intervals from a block bootstrap, p from "
        "the Diebold–Mariano test."
    )
