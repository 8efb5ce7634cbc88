"""Hold what a series' champion forecast against what happened, and tell what is an alarm.

python -m flows.monitor [NAME or PATH] [--now TIME] [--set a.b=c …] [--json]
"""

if __name__ == "__main__":
    # Before Prefect is imported: a run without a server starts one of its own first.
    from flows.command import CLOCK, main

    raise SystemExit(main("flows.monitor", "monitor", values=CLOCK, experiment_name="live"))

from typing import Any

from prefect import flow

from flows import beginning, telling
from flows import monitoring as steps
from flows.endings import close_runs, refuses_invalid_input
from flows.forecasting import require_nothing_more
from flows.parameters import Clock, ExperimentName, Overrides
from flows.policy import retried

opened = retried(beginning.open_run, "open")
loaded = retried(steps.load_history, "load")
validated = retried(beginning.validate_series, "validate")
found = retried(steps.find_champion, "champion")
measured = retried(steps.measure, "measure")
drawn = retried(steps.draw, "draw")
logged = retried(steps.log, "log")
told = retried(telling.tell, "tell")
reported = retried(steps.report, "report")


@flow(
    name="monitor",
    flow_run_name="monitor {experiment}",
    on_failure=[close_runs],
    on_crashed=[close_runs],
    on_cancellation=[close_runs],
)
@refuses_invalid_input
def monitor(
    experiment: ExperimentName = "live", overrides: Overrides | None = None, now: Clock = None
) -> Any:
    """Load, validate, find the champion, measure, draw, log, tell, report."""
    run = opened("monitor", experiment, overrides or {})
    raw = loaded(run)
    series = validated(run, raw, require_nothing_more)
    champion = found(run)
    findings = measured(run, series, champion, now)
    page = drawn(run, findings)
    logged(run, findings, page)
    news = told(run, findings)
    return reported(run, findings, page, news)
