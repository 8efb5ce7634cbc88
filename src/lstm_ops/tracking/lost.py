"""Runs that nobody works on any more: found and closed by whoever comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlflow.entities import Run, ViewType

from lstm_ops.tracking import names
from lstm_ops.tracking.process import host_of, is_known_dead, this_host
from lstm_ops.tracking.runs import close_badly
from lstm_ops.tracking.store import Store, reports_trouble

KILLED = "its process ended without a word (killed, or the machine went down)"
PAGE = 1000

# Of flow runs, each one's address or None by its id: those that are over, how by their id.
Ended = Callable[[Mapping[str, str | None]], Mapping[str, str]]


@dataclass(frozen=True)
class LostRun:
    """A RUNNING run that nobody works on. `reason`: how that is known."""

    run_id: str
    name: str
    flow_run: str | None
    reason: str
    cancelled: bool = False


def nothing_known(flow_runs: Mapping[str, str | None]) -> Mapping[str, str]:
    """For whoever has no Prefect server to ask."""
    del flow_runs
    return {}


@reports_trouble
def lost_runs(store: Store, ended: Ended = nothing_known) -> list[LostRun]:
    """Every RUNNING run of ours whose process on this host is gone, or whose flow run is over.

    On this host the process alone counts: a flow run may be set Crashed while it still works.
    """
    running = list(_running(store))
    here = [run for run in running if host_of(run.data.tags[names.PROCESS]) == this_host()]
    elsewhere = [run for run in running if run not in here]
    over = ended({flow: run.data.tags.get(names.FLOW_RUN_URL) for flow, run in _flows(elsewhere)})
    return [
        *(_lost(run, KILLED) for run in here if is_known_dead(run.data.tags[names.PROCESS])),
        *(_ended(run, over[flow]) for flow, run in _flows(elsewhere) if flow in over),
    ]


@reports_trouble
def close(store: Store, lost: LostRun) -> None:
    """FAILED with the reason, KILLED if its flow run was cancelled."""
    close_badly(store, lost.run_id, lost.reason, killed=lost.cancelled)


def close_lost_runs(store: Store, ended: Ended = nothing_known) -> list[str]:
    """Close what `lost_runs` finds. Gives the flow-run ids that they belonged to, each once."""
    lost = lost_runs(store, ended)
    for run in lost:
        close(store, run)
    return sorted({run.flow_run for run in lost if run.flow_run})


def _ended(run: Run, how: str) -> LostRun:
    return _lost(run, f"its flow run ended: {how}", cancelled=how.startswith("Cancel"))


def _lost(run: Run, reason: str, *, cancelled: bool = False) -> LostRun:
    flow_run = run.data.tags.get(names.FLOW_RUN_ID)
    return LostRun(run.info.run_id, run.info.run_name, flow_run, reason, cancelled)


def _flows(runs: Iterable[Run]) -> Iterator[tuple[str, Run]]:
    """Those that belong to a flow run, with its id."""
    return (
        (run.data.tags[names.FLOW_RUN_ID], run)
        for run in runs
        if names.FLOW_RUN_ID in run.data.tags
    )


def _running(store: Store) -> Iterator[Run]:
    """Those that bear a process: only ours do."""
    client = store.client
    experiments = _pages(
        lambda token: client.search_experiments(max_results=PAGE, page_token=token)
    )
    ids = [experiment.experiment_id for experiment in experiments]
    condition, active = "attributes.status = 'RUNNING'", ViewType.ACTIVE_ONLY
    runs = _pages(lambda token: client.search_runs(ids, condition, active, PAGE, page_token=token))
    return (run for run in runs if names.PROCESS in run.data.tags)


def _pages(ask: Callable[[str | None], Any]) -> Iterator[Any]:
    """Everything that MLflow gives page by page."""
    token: str | None = None
    while True:
        page = ask(token)
        yield from page
        token = page.token
        if not token:
            return
