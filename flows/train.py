"""Train every forecaster of an experiment, say who is best, and let the gate decide on @champion.

python -m flows.train [NAME or PATH] [--set a.b=c …] [--json]
"""

if __name__ == "__main__":
    # Before Prefect is imported: a run without a server starts one of its own first.
    from flows.command import main

    DUE = "train only where something new has arrived and nobody else trains the series"
    raise SystemExit(main("flows.train", "train", switches={"when_due": DUE}))

import os
from pathlib import Path
from typing import Any

from prefect import flow, unmapped
from prefect.task_runners import ThreadPoolTaskRunner

from flows import beginning, due, gate
from flows import training as steps
from flows.beginning import Opened
from flows.endings import close_runs, refuses_invalid_input
from flows.parameters import Cause, ExperimentName, Overrides, WhenDue
from flows.policy import retried

opened = retried(beginning.open_run, "open")
loaded = retried(beginning.load_series, "load")
validated = retried(beginning.validate_series, "validate")
judged = retried(due.reason_to_wait, "due")
caused = retried(due.note_cause, "cause")
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
def train(
    experiment: ExperimentName = "tutorial",
    overrides: Overrides | None = None,
    when_due: WhenDue = False,
    event: Cause = None,
) -> Any:
    """Load, validate, window, fit each forecaster with each seed, evaluate, register, decide."""
    training = opened("train", experiment, overrides or {})
    with due.slot_of(training.recipe.series) as free:
        raw = loaded(training)
        series = validated(training, raw, steps.require_windows)
        if when_due and (reason := judged(training, series, free, event)):
            return due.skip(training, reason)
        caused(training, event)
        decision = gate.opened("promote", experiment, overrides or {})
        return _trained(training, series, decision)


def _trained(training: Opened, series: Path, decision: Opened) -> Any:
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
