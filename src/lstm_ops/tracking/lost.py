"""Runs whose process was killed outright: found and closed by whoever comes next."""

from __future__ import annotations

from mlflow.entities import Run, ViewType

from lstm_ops.tracking import names
from lstm_ops.tracking.process import is_known_dead
from lstm_ops.tracking.runs import close_badly
from lstm_ops.tracking.store import Store, reports_trouble

REASON = "its process ended without a word (killed, or the machine went down)"


@reports_trouble
def close_lost_runs(store: Store) -> list[str]:
    """Close every RUNNING run of ours whose process on this host is gone.

    Gives the flow-run ids that they belonged to, each once.
    """
    lost = [run for run in _running(store) if is_known_dead(run.data.tags[names.PROCESS])]
    for run in lost:
        close_badly(store, run.info.run_id, REASON)
    flow_runs = (run.data.tags.get(names.FLOW_RUN_ID) for run in lost)
    return sorted({flow_run for flow_run in flow_runs if flow_run})


def _running(store: Store) -> list[Run]:
    experiments = [e.experiment_id for e in store.client.search_experiments()]
    runs = store.client.search_runs(
        experiments, "attributes.status = 'RUNNING'", ViewType.ACTIVE_ONLY, max_results=1000
    )
    return [run for run in runs if names.PROCESS in run.data.tags]
