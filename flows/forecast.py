"""Let the champion of a series forecast what comes next, and keep the rows where others read them.

python -m flows.forecast [NAME or PATH] [--set a.b=c …] [--json]
"""

if __name__ == "__main__":
    # Before Prefect is imported: a run without a server starts one of its own first.
    from flows.command import main

    DUE = "end well where the series has no champion yet"
    raise SystemExit(main("flows.forecast", "forecast", switches={"when_due": DUE}))

from typing import Any

from prefect import flow

from flows import beginning, due
from flows import forecasting as steps
from flows.endings import close_runs, refuses_invalid_input
from flows.parameters import ExperimentName, Overrides, WhenDue
from flows.policy import retried

opened = retried(beginning.open_run, "open")
loaded = retried(beginning.load_series, "load")
validated = retried(beginning.validate_series, "validate")
missing = retried(steps.reason_to_wait, "due")
found = retried(steps.find_champion, "champion")
forecasted = retried(steps.make_forecasts, "forecast")
written = retried(steps.write_forecasts, "write")
reported = retried(steps.report_forecasts, "report")


@flow(
    name="forecast",
    flow_run_name="forecast {experiment}",
    on_failure=[close_runs],
    on_crashed=[close_runs],
    on_cancellation=[close_runs],
)
@refuses_invalid_input
def forecast(
    experiment: ExperimentName = "tutorial",
    overrides: Overrides | None = None,
    when_due: WhenDue = False,
) -> Any:
    """Load, validate, find the champion, forecast, write, report."""
    run = opened("forecast", experiment, overrides or {})
    if when_due and (reason := missing(run)):
        return due.skip(run, reason)
    raw = loaded(run)
    series = validated(run, raw, steps.require_nothing_more)
    champion = found(run)
    forecasts = forecasted(run, series, champion)
    kept = written(run, forecasts)
    return reported(run, series, forecasts, kept)
