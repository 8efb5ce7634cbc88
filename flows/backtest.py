"""Fit every forecaster at every cutoff with every seed, and say which differences are real.

python -m flows.backtest [NAME or PATH] [--set a.b=c …] [--fresh] [--json]
"""

if __name__ == "__main__":
    # Before Prefect is imported: a run without a server starts one of its own first.
    from flows.command import main

    switches = {"fresh": "fit again what an earlier backtest has done"}
    raise SystemExit(main("flows.backtest", "backtest", switches=switches))

from pathlib import Path
from typing import Any

from prefect import Flow, flow

from flows import backtesting as steps
from flows import beginning
from flows.beginning import Opened
from flows.endings import close_runs, refuses_invalid_input
from flows.parameters import ExperimentName, Fresh, Overrides
from flows.policy import retried, retried_alone
from flows.runners import task_runner
from flows.work import work_of

opened = retried(beginning.open_run, "open")
loaded = retried(beginning.load_series, "load")
validated = retried(beginning.validate_series, "validate")
planned = retried(steps.plan_pieces, "plan")
prepared = retried(steps.prepare_pieces, "prepare")
fitted = retried_alone(steps.fit_piece, "fit", "fit {piece}")
evaluated = retried(steps.evaluate_pieces, "evaluate")
reported = retried(steps.report_backtest, "report")


@flow(
    name="backtest",
    flow_run_name="backtest {experiment}",
    on_failure=[close_runs],
    on_crashed=[close_runs],
    on_cancellation=[close_runs],
)
@refuses_invalid_input
def backtest(
    experiment: ExperimentName = "tutorial",
    overrides: Overrides | None = None,
    fresh: Fresh = False,
) -> Any:
    """Load, validate, plan, fit what no earlier backtest has, evaluate."""
    run = opened("backtest", experiment, overrides or {})
    raw = loaded(run)
    series = validated(run, raw, steps.require_cutoffs)
    planned(run, series, fresh)
    prepared(run, series)
    fits_of(run, series)()
    findings = evaluated(run, series)
    return reported(run, findings)


def fits_of(run: Opened, series: Path) -> Flow[[], None]:
    """Every piece that no earlier backtest has done, on the runner that the experiment names.

    A flow without parameters: Prefect would store them, with whatever passwords a recipe holds.
    """
    runner = task_runner(run.recipe.evaluation.runner)

    @flow(name="fits", flow_run_name=f"fits of {run.name}", task_runner=runner)
    def fits() -> None:
        work = work_of(run, series)
        values, missing = work.series.values, work.missing()
        futures = {path: fitted.submit(p, values, run.recipe) for path, p in missing.items()}
        steps.keep_each(run, work, futures)

    return fits
