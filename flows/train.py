"""Train every forecaster of an experiment, say who is best, and let the gate decide on @champion.

python -m flows.train [NAME or PATH] [--set a.b=c …] [--json]
"""

if __name__ == "__main__":
    # Before Prefect is imported: a run without a server starts one of its own first.
    from flows.command import main

    raise SystemExit(main("flows.train", "train"))

import os
from typing import Any

from prefect import flow, unmapped
from prefect.task_runners import ThreadPoolTaskRunner

from flows import beginning, gate
from flows import training as steps
from flows.endings import close_runs, refuses_invalid_input
from flows.parameters import ExperimentName, Overrides
from flows.policy import retried

opened = retried(beginning.open_run, "open")
loaded = retried(beginning.load_series, "load")
validated = retried(beginning.validate_series, "validate")
windowed = retried(steps.cut_windows, "window")
prepared = retried(steps.prepare_forecasters, "prepare")
fitted = retried(steps.fit_trial, "fit", "fit {trial}")
evaluated = retried(steps.evaluate_trials, "evaluate")
registered = retried(steps.register_models, "register")
reported = retried(steps.report_training, "report")


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
    """Load, validate, window, fit each forecaster with each seed, evaluate, register, decide."""
    training = opened("train", experiment, overrides or {})
    raw = loaded(training)
    series = validated(training, raw, steps.require_windows)
    decision = gate.opened("promote", experiment, overrides or {})
    call = gate.called(decision, series)
    windows = windowed(training, series)
    prepared(training, windows)
    trials = steps.trials(training.recipe)
    fits = fitted.map(trials, unmapped(training), unmapped(series), unmapped(windows)).result()
    outcome = evaluated(training, series, windows, fits)
    registration = registered(training, outcome, fits)
    concluded = gate.through_the_gate(decision, call, series)
    decided = gate.reported(decision, concluded)
    return reported(training, outcome, registration, decided)
