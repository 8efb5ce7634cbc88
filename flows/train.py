"""Train every forecaster of an experiment, say who won, and point @champion at the winner.

    python -m flows.train [NAME or PATH] [--set a.b=c …] [--json]
"""

if __name__ == "__main__":
    # Before Prefect is imported: a run without a server starts one of its own first.
    from flows.command import main

    raise SystemExit(main("flows.train", "train"))

# ruff: noqa: E402
import os
from typing import Any

from prefect import flow, task, unmapped
from prefect.task_runners import ThreadPoolTaskRunner

from flows import training as steps
from flows.endings import close_runs, may_pass, refuses_invalid_input
from flows.parameters import ExperimentName, Overrides

AGAIN = {"retries": 2, "retry_delay_seconds": 5, "retry_condition_fn": may_pass}

opened = task(refuses_invalid_input(steps.open_training), name="open", **AGAIN)
loaded = task(refuses_invalid_input(steps.load_series), name="load", **AGAIN)
validated = task(refuses_invalid_input(steps.validate_series), name="validate")
windowed = task(refuses_invalid_input(steps.cut_windows), name="window")
fitted = task(steps.fit_trial, name="fit", task_run_name="fit {trial}", **AGAIN)
evaluated = task(steps.evaluate_trials, name="evaluate", **AGAIN)
registered = task(steps.register_models, name="register", **AGAIN)
reported = task(steps.report_training, name="report", **AGAIN)


@flow(
    name="train",
    flow_run_name="train {experiment}",
    task_runner=ThreadPoolTaskRunner(max_workers=os.cpu_count() or 2),  # type: ignore[arg-type]
    on_failure=[close_runs],
    on_crashed=[close_runs],
    on_cancellation=[close_runs],
)
@refuses_invalid_input
def train(experiment: ExperimentName = "tutorial", overrides: Overrides | None = None) -> Any:
    """Load, validate, window, fit each forecaster with each seed, evaluate, register."""
    training = opened(experiment, overrides or {})
    raw = loaded(training)
    series = validated(training, raw)
    windows = windowed(training, series)
    fits = fitted.map(steps.trials(training.recipe), unmapped(training), series, windows).result()
    outcome = evaluated(training, series, windows, fits)
    registration = registered(training, outcome, fits)
    return reported(training, outcome, registration)
