"""Judge the experiment's recipes against the champion on data that neither has seen, and decide.

python -m flows.promote [NAME or PATH] [--set a.b=c …] [--json]
"""

if __name__ == "__main__":
    # Before Prefect is imported: a run without a server starts one of its own first.
    from flows.command import main

    raise SystemExit(main("flows.promote", "promote"))

import os
from typing import Any

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows import beginning, gate
from flows.endings import close_runs, refuses_invalid_input
from flows.gathering import require_contest
from flows.parameters import ExperimentName, Overrides
from flows.policy import retried

opened = retried(beginning.open_run, "open")
loaded = retried(beginning.load_series, "load")
validated = retried(beginning.validate_series, "validate")


@flow(
    name="promote",
    flow_run_name="promote {experiment}",
    task_runner=ThreadPoolTaskRunner(max_workers=os.cpu_count() or 2),  # type: ignore[arg-type]
    on_failure=[close_runs],
    on_crashed=[close_runs],
    on_cancellation=[close_runs],
)
@refuses_invalid_input
def promote(experiment: ExperimentName = "tutorial", overrides: Overrides | None = None) -> Any:
    """Load, validate, call the champion, fit challengers up to a cutoff, judge, decide."""
    run = opened("promote", experiment, overrides or {})
    raw = loaded(run)
    series = validated(run, raw, require_contest)
    call = gate.called(run, series)
    concluded = gate.through_the_gate(run, call, series)
    return gate.reported(run, concluded)
