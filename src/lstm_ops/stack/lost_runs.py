"""Flow runs that Prefect takes for open and nobody works on any more.

A worker reports a flow run whose process died, unless it was killed too. Then the flow run stays
open for ever, and keeps its deployment's concurrency slot.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lstm_ops.stack.prefect_http import FlowRun, PrefectApi
from lstm_ops.stack.processes import flow_run_processes

MESSAGE = "Its process on this machine is gone; noticed by the local stack."


@dataclass(frozen=True)
class LostRuns:
    """`crashed`: set Crashed just now. `orphans`: at work without a worker, with their pids."""

    crashed: list[FlowRun]
    orphans: list[tuple[FlowRun, int]]


def crash_lost_runs(api_url: str, known_dead: Collection[str]) -> LostRuns:
    """Sets every open flow run Crashed that nobody works on; to be asked while no worker runs.

    Nobody works on a run whose id is in `known_dead`, nor on one of a deployment whose id no
    living process of this machine bears in its environment. (One without a deployment was started
    by hand, and its process bears nothing.) A process that outlived its worker is left to finish:
    it reports its own states, and is only out of reach of `prefect flow-run cancel`.
    """
    processes = flow_run_processes()
    with PrefectApi(api_url) as api:
        runs = api.open_runs()
        lost = [run for run in runs if _is_lost(run, processes, known_dead)]
        crashed = _crash(api, lost)
    orphans = [(run, processes[run.id].pid) for run in runs if _is_orphan(run, processes, crashed)]
    return LostRuns(crashed, orphans)


def _is_lost(run: FlowRun, processes: Collection[str], known_dead: Collection[str]) -> bool:
    return run.id in known_dead or (run.deployment_id is not None and run.id not in processes)


def _is_orphan(run: FlowRun, processes: Collection[str], crashed: Collection[FlowRun]) -> bool:
    return run.id in processes and run not in crashed


def _crash(api: PrefectApi, lost: list[FlowRun]) -> list[FlowRun]:
    """Crashes them and the subflows that ran in their processes."""
    crashed: list[FlowRun] = []
    while lost:
        for run in lost:
            api.crash(run.id, MESSAGE)
        crashed += lost
        children = api.open_children([run.id for run in lost])
        lost = [run for run in children if run.deployment_id is None and run not in crashed]
    return crashed
