"""Runs left open: in Prefect without a sign of life, in MLflow without anybody at work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from lstm_ops.cli.doctor.finding import Finding, ok, some, warning
from lstm_ops.cli.doctor.mlflow import quick_store
from lstm_ops.cli.doctor.situation import Situation
from lstm_ops.stack.flow_run_ends import ended
from lstm_ops.stack.processes import flow_run_processes

SILENCE = timedelta(minutes=3)  # heartbeats come every half minute


def in_prefect(situation: Situation) -> Iterator[Finding]:
    """Open for a while, unheard of, and without a process on this machine."""
    since = situation.now - SILENCE
    with situation.asking() as api:
        grown = [run for run in api.open_runs() if run.began is None or run.began < since]
        silent = api.silent_runs(grown, since) if grown else []
    here = flow_run_processes()
    lost = [f"{run.name} ({run.state}, {run.id})" for run in silent if run.id not in here]
    if lost:
        yield warning(
            f"open without a sign of life: {some(lost)}",
            "the automation `lstm-ops crashed runs` sets them Crashed, make up anew does too; by "
            "hand: prefect flow-run cancel ID, or its state in Prefect's UI",
        )
    else:
        yield ok("no flow run is open that nobody works on")


def in_mlflow(situation: Situation) -> Iterator[Finding]:
    """RUNNING, but the process is dead or the flow run is over. Closed with --mend."""
    store = quick_store(situation)
    if store is None:
        yield ok("not looked at: there is no store that could be read")
        return
    from lstm_ops.tracking import lost

    found = lost.lost_runs(store, ended)
    names = [f"{run.name} ({run.run_id}): {run.reason}" for run in found]
    if not found:
        yield ok("no run is RUNNING that nobody works on")
    elif situation.mend:
        for run in found:
            lost.close(store, run)
        yield ok(f"closed as FAILED: {some(names)}")
    else:
        yield warning(
            f"RUNNING, but nobody works on it: {some(names)}",
            "lstm-ops doctor --mend closes them; so does the next flow that runs",
        )
