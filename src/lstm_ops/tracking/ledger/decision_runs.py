"""The MLflow run of a decision that no flow made: what was decided, why and by whom."""

from __future__ import annotations

from mlflow.entities import Param, RunStatus

from lstm_ops.tracking import names, runs
from lstm_ops.tracking.ledger.decisions import Entry, Proposal
from lstm_ops.tracking.process import this_process
from lstm_ops.tracking.store import Store, experiment_id

FLOW = "decision"


def create(store: Store, series: str, number: int, proposal: Proposal) -> str:
    """A run that stays open until the decision is done or void."""
    shown = {
        "kind": proposal.kind,
        "from": proposal.expected or "none",
        "to": proposal.champion or "none",
        "because": proposal.because[:5900],
        "by": proposal.by,
    }
    tags = {
        names.FLOW: FLOW,
        names.SERIES: series,
        names.SOURCE: "lstm_ops.tracking.ledger",
        names.USER: runs.user(),
        names.PROCESS: this_process(),
    }
    name = f"decision {number}: {proposal.kind} {shown['from']} → {shown['to']}"
    run = store.client.create_run(experiment_id(store, series), run_name=name, tags=tags)
    run_id = str(run.info.run_id)
    store.client.log_batch(run_id, params=[Param(key, value) for key, value in shown.items()])
    return run_id


def give_up(store: Store, run_id: str, reason: str) -> None:
    """Somebody else's decision came first."""
    runs.close_badly(store, run_id, reason, killed=True)


def close(store: Store, entry: Entry, void: str | None = None) -> None:
    """FINISHED, or KILLED where it came to nothing. A flow's own run is the flow's to close."""
    run = store.client.get_run(entry.run_id)
    if run.data.tags.get(names.FLOW) != FLOW or run.info.lifecycle_stage == "deleted":
        return
    if void is not None:
        runs.close_badly(store, entry.run_id, void, killed=True)
        return
    if names.ERROR in run.data.tags:  # closed as lost before somebody carried it out
        store.client.delete_tag(entry.run_id, names.ERROR)
    store.client.update_run(entry.run_id, RunStatus.to_string(RunStatus.FINISHED))
