"""Deployments and schedules: as prefect.yaml says, switched on, and with runs to come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from lstm_ops.cli.doctor.finding import Finding, fault, ok, warning
from lstm_ops.cli.doctor.situation import Situation
from lstm_ops.stack import deployments
from lstm_ops.stack.deployments import Deployment

REMEDY = "make up anew, or: prefect --no-prompt deploy --all"
FRESH = timedelta(minutes=2)  # the server makes runs for a new schedule within one


def as_declared(situation: Situation) -> Iterator[Finding]:
    """Each that prefect.yaml names is there, and is what it says."""
    declared = deployments.declared()
    troubles = 0
    for wanted in declared:
        served = situation.deployed.get(wanted.name)
        for finding in _differences(wanted, served):
            troubles += 1
            yield finding
    if not troubles:
        yield ok(f"{len(declared)} as prefect.yaml says")


def schedules(situation: Situation) -> Iterator[Finding]:
    """Switched on, and with a run to come; those of a paused deployment are off too."""
    active = 0
    for wanted in deployments.declared():
        served = situation.deployed.get(wanted.name)
        if served is None:
            continue
        meant_off = {schedule.rule for schedule in wanted.schedules if not schedule.active}
        for schedule in served.schedules:
            if not schedule.active and schedule.rule not in meant_off:
                yield warning(
                    f"{served.name}: schedule {schedule} is paused",
                    f"prefect deployment schedule resume {served.name} {schedule.id}",
                )
        if not served.paused and any(schedule.active for schedule in served.schedules):
            active += 1
            yield from _runs_to_come(situation, served)
    yield ok(f"{active} deployments with an active schedule")


def _differences(wanted: Deployment, served: Deployment | None) -> Iterator[Finding]:
    if served is None:
        yield fault(f"{wanted.name} is missing on the server", REMEDY)
        return
    if served.paused:
        yield warning(f"{wanted.name} is paused", "switch it on in Prefect's UI")
    different = [
        f"{what} {_text(theirs)} instead of {_text(ours)}"
        for what, theirs, ours in (
            ("entrypoint", served.entrypoint, wanted.entrypoint),
            ("parameters", served.parameters, wanted.parameters),
            ("work pool", served.pool, wanted.pool),
        )
        if theirs != ours
    ]
    lacking = [str(rule) for rule in wanted.schedules if rule not in served.schedules]
    different += [f"no schedule {rule}" for rule in lacking]
    if different:
        yield warning(f"{wanted.name} has {'; '.join(different)}", REMEDY)


def _runs_to_come(situation: Situation, served: Deployment) -> Iterator[Finding]:
    with situation.asking() as api:
        if deployments.upcoming(api, served, situation.now):
            return
    changed = [schedule.changed for schedule in served.schedules if schedule.changed]
    if changed and situation.now - max(changed) < FRESH:
        return
    yield fault(
        f"{served.name} has an active schedule and no run to come",
        "the server's scheduler makes none: with SQLAlchemy 2.1 it fails without a word (compare "
        "`lstm-ops doctor versions` on the server's machine), or its services are switched off; "
        "look for ERROR in .state/logs/prefect.log",
    )


def _text(value: object) -> str:
    return str(dict(value)) if isinstance(value, dict) else str(value)
