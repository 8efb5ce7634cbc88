"""Take the new observations of a series, check them, and put them into the series store.

python -m flows.ingest [NAME or PATH] [--now TIME] [--set a.b=c …] [--json]
"""

if __name__ == "__main__":
    # Before Prefect is imported: a run without a server starts one of its own first.
    from flows.command import CLOCK, main

    raise SystemExit(main("flows.ingest", "ingest", values=CLOCK, experiment_name="live"))

from typing import Any

from prefect import flow

from flows import ingesting as steps
from flows.endings import close_runs, refuses_invalid_input
from flows.parameters import Clock, ExperimentName, Overrides
from flows.policy import retried

opened = retried(steps.open_ingestion, "open")
found = retried(steps.find_deliveries, "find")
taken = retried(steps.take_deliveries, "take")
reported = retried(steps.report_ingestion, "report")


@flow(
    name="ingest",
    flow_run_name="ingest {experiment}",
    on_failure=[steps.open_failed_run, close_runs],
    on_crashed=[close_runs],
    on_cancellation=[close_runs],
)
@refuses_invalid_input
def ingest(
    experiment: ExperimentName = "live",
    overrides: Overrides | None = None,
    now: Clock = None,
) -> Any:
    """Find what has arrived, check and append it, report; then fail where a batch was bad."""
    run = opened(experiment, overrides or {}, now)
    deliveries = found(run)
    outcomes = taken(run, deliveries)
    report = reported(run, outcomes)
    steps.require_none_bad(outcomes)
    return report
