"""The acts of the demonstration: real flow runs, on a clock that jumps from step to step."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.objects import FlowRun

from flows.forecast import forecast
from flows.ingest import ingest
from flows.monitor import monitor
from flows.store import tracking_store
from flows.train import train
from lstm_ops.errors import LstmOpsError
from lstm_ops.stack.addresses import Addresses
from lstm_ops.tracking import champions, ledger, names
from lstm_ops.tracking.champions import Version

EXPERIMENT = "demo"
DEPLOYMENT = "train/on-drift"
FIRST = datetime(2026, 5, 1, 23)  # 1,488 points after the series began
STEP = timedelta(hours=6)
MOST_STEPS = 16
RUN_LIMIT = 120.0  # seconds, of a retraining
Say = Callable[[str], None]


@dataclass(frozen=True)
class Event:
    """A line of the story; `link` leads to its run, in MLflow or in Prefect."""

    time: datetime
    what: str
    happened: str
    link: str

    def __str__(self) -> str:
        return f"{self.time:%Y-%m-%d %H:%M}  {self.what:14}  {self.happened}"


@dataclass
class Story:
    """What happened, in order, and what came of it."""

    events: list[Event] = field(default_factory=list)
    promoted: bool = False
    verdict: str = "No drift was seen."


class Demonstration:
    """Backlog and first champion, then ingest, monitor and forecast until an alarm's retraining has
    made another version champion."""

    def __init__(self, addresses: Addresses, say: Say) -> None:
        self._addresses = addresses
        self._say = say
        self._story = Story()
        self._drifted = False
        self._told: set[UUID] = set()  # retrainings that are in the story

    def play(self) -> Story:
        """Raises `LstmOpsError` where a flow run fails."""
        self._begin()
        for step in range(1, MOST_STEPS + 1):
            now = FIRST + step * STEP
            if self._alarmed(now) and self._promoted(now):
                break
        return self._story

    def _begin(self) -> None:
        found = _done(ingest, now=FIRST)
        self._tell(FIRST, "ingest", found["verdict"], found["mlflow"]["run_url"])
        found = _done(train)
        decision = found["decision"]["sentence"]
        self._tell(FIRST, "train", decision, found["mlflow"]["run_url"])
        _done(forecast)

    def _alarmed(self, now: datetime) -> bool:
        """Whether the monitor has just told of what starts a training: a drift, or a champion that
        does not keep its promise."""
        _done(ingest, now=now)
        found = _done(monitor, now=now)
        _done(forecast)
        self._tell(now, "monitor", found["verdict"], found["mlflow"]["run_url"])
        told = {alarm["kind"] for alarm in found["alarms"] if alarm["told"]}
        self._drifted |= "drift" in told
        return bool(told & {"drift", "degraded"})

    def _promoted(self, now: datetime) -> bool:
        """Whether the training that the event starts makes another version champion."""
        before = _champion()
        with get_client(sync_client=True) as client:
            run = self._retraining(client)
        self._told.add(run.id)
        after = _champion()
        link = f"{self._addresses.prefect_ui}/runs/flow-run/{run.id}"
        self._tell(now, DEPLOYMENT, _outcome(run), link)
        promoted = self._drifted and after.number != before.number
        moved = f"{before} gave way to {after}" if promoted else f"{before} stays champion"
        self._story.promoted = promoted
        self._story.verdict = (
            f"A drift was seen, its event retrained, and the gate decided: {moved}."
        )
        return promoted

    def _retraining(self, client: SyncPrefectClient) -> FlowRun:
        """The flow run that the event has started, once it is over."""
        deployment = client.read_deployment_by_name(DEPLOYMENT)
        of_it = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment.id]))
        limit = time.monotonic() + RUN_LIMIT
        while time.monotonic() < limit:
            for run in client.read_flow_runs(flow_run_filter=of_it):
                if run.id not in self._told and run.state and run.state.is_final():
                    return run
            time.sleep(0.5)
        raise LstmOpsError(f"{DEPLOYMENT} has not ended within {RUN_LIMIT:.0f} s of its event")

    def _tell(self, now: datetime, what: str, happened: str, link: str) -> None:
        event = Event(now, what, happened, link)
        self._story.events.append(event)
        self._say(str(event))


def _champion() -> Version:
    return champions.find(tracking_store(), EXPERIMENT, names.CHAMPION)


def _outcome(run: FlowRun) -> str:
    """The decision of a training that has trained; why not, of one that has not."""
    if run.state_name == "Completed":
        newest = ledger.entries(tracking_store(), EXPERIMENT)[-1]
        return f"Decision {newest.number}, {newest.kind}: {newest.because}"
    return f"{run.state_name}: {run.state.message if run.state else ''}"


def _done(flow: Flow[..., Any], **parameters: Any) -> dict[str, Any]:
    """The result of a flow run here and now."""
    try:
        found: dict[str, Any] = flow(EXPERIMENT, **parameters)
    except Exception as error:  # whatever its tasks raise
        raise LstmOpsError(f"flow {flow.name} did not end well: {error}") from error
    return found
