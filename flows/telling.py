"""How alarms become Prefect events: once, and again while they stand, but not all the time."""

from __future__ import annotations

from datetime import timedelta

from prefect.events import emit_event
from prefect.events.worker import EventsWorker
from prefect.logging import get_run_logger

from flows import artifacts
from flows.beginning import Opened
from flows.monitoring import Findings
from flows.store import tracking_store
from lstm_ops.evaluation.monitoring.verdict import Alarm, Kind
from lstm_ops.tracking import links, names, runs, told
from lstm_ops.tracking.told import Told

EVENTS: dict[Kind, str] = {
    "drift": "lstm_ops.drift.detected",
    "stale": "lstm_ops.data.stale",
    "degraded": "lstm_ops.champion.degraded",
}


def tell(opened: Opened, findings: Findings) -> list[str]:
    """Send the alarms that were not told lately; gives their kinds.

    Nothing is told, nor noted as told, where the Prefect server ends with this process.
    What was told is read from the last run's tag and carried on by this one's. It is written after
    the events are out: one that dies in between tells twice rather than not at all.
    """
    if artifacts.is_embedded():  # nobody listens on a server that ends with this command
        return []
    store, now = tracking_store(), findings.measured.now
    known = told.earlier(store, opened.recipe.series, opened.name)
    again = timedelta(hours=opened.recipe.monitor.again_hours)
    news = [a for a in findings.alarms if not _told_lately(known, a, findings, again)]
    for alarm in news:
        _send(opened, findings, alarm)
    if news:
        EventsWorker.instance().wait_until_empty()
    known |= {alarm.kind: Told(alarm.identity, now) for alarm in news}
    runs.log(store, opened.run_id, tags={names.TOLD: told.as_tag(known)})
    return [alarm.kind for alarm in news]


def _told_lately(
    known: dict[str, Told], alarm: Alarm, findings: Findings, again: timedelta
) -> bool:
    earlier = known.get(alarm.kind)
    return earlier is not None and earlier.holds(alarm.identity, findings.measured.now, again)


def _send(opened: Opened, findings: Findings, alarm: Alarm) -> None:
    """Prefect adds the flow run, and the deployment, as related resources by itself."""
    payload = {
        "series": opened.recipe.series,
        "experiment": opened.name,
        "since": alarm.since,
        "sentence": alarm.sentence,
        "now": findings.measured.now.isoformat(),
        "version": findings.measured.version,
        "mlflow_run": opened.run_id,
        "mlflow_url": links.run_url(tracking_store(), opened.run_id),
        **alarm.evidence,
    }
    resource = {
        "prefect.resource.id": f"lstm-ops.experiment.{opened.name}",
        "prefect.resource.name": opened.name,
    }
    sent = emit_event(EVENTS[alarm.kind], resource=resource, payload=payload)
    if sent is None:
        get_run_logger().error("The event %s could not be sent", EVENTS[alarm.kind])
