"""Prefect's server: which is meant, whether it answers, its version and clock, its worker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata

from lstm_ops.cli.doctor.finding import Finding, fault, ok, warning
from lstm_ops.cli.doctor.situation import Situation
from lstm_ops.redaction import redacted
from lstm_ops.stack.commands import POOL

CLOCK_SLACK = 60.0  # seconds
WORKER_REMEDY = f"make up, or: prefect worker start --pool {POOL} --type process"


def server(situation: Situation) -> Iterator[Finding]:
    """A server that nobody meant to be there may be off."""
    meant = situation.prefect
    if meant is None:
        yield warning(
            "off: the stack is not up and PREFECT_API_URL is not set; schedules do not run",
            "make up",
        )
        return
    where = f"{redacted(meant.url)} (by {meant.meant_by})"
    if trouble := situation.prefect_trouble:
        yield fault(
            f"{where} does not answer: {redacted(trouble)}",
            "start that server, or unset PREFECT_API_URL"
            if meant.meant_by != "make up"
            else "look into .state/logs/prefect.log; stop the stack and make up again",
        )
        return
    with situation.asking() as api:
        version, _ = api.about()
    here = metadata.version("prefect")
    if version == here:
        yield ok(f"{where} answers, version {version}")
    else:
        yield warning(
            f"{where} is Prefect {version}, here {here} is installed",
            "give both the version of requirements.lock",
        )


def clock(situation: Situation) -> Iterator[Finding]:
    """Its clock against ours: heartbeats, schedules and alarms compare times of both."""
    before = datetime.now(UTC)
    with situation.asking() as api:
        _, theirs = api.about()
    after = datetime.now(UTC)
    # The header has whole seconds.
    apart = max((before - theirs).total_seconds() - 1.0, (theirs - after).total_seconds(), 0.0)
    found = f"Prefect's server and this machine are {apart:.0f} s apart"
    if apart > CLOCK_SLACK:
        yield warning(found, "set both clocks by NTP")
    else:
        yield ok(found)


def worker(situation: Situation) -> Iterator[Finding]:
    """The pool, and somebody at work in it."""
    with situation.asking() as api:
        pools = list(api.found("work_pools", work_pools={"name": {"any_": [POOL]}}))
        if not pools:
            yield fault(f"there is no work pool {POOL}", "make up, or make it by a first worker")
            return
        workers = api.ask("POST", f"/work_pools/{POOL}/workers/filter", {})
    if pools[0]["is_paused"]:
        yield warning(f"work pool {POOL} is paused", f"prefect work-pool resume {POOL}")
    online = [worker["name"] for worker in workers if worker["status"] == "ONLINE"]
    scheduled = [d.name for d in situation.deployed.values() if d.schedules]
    if online:
        yield ok(f"{len(online)} online in work pool {POOL}: {', '.join(online)}")
    elif scheduled:
        yield fault(f"no worker is online in work pool {POOL}: nothing runs", WORKER_REMEDY)
    else:
        yield warning(f"no worker is online in work pool {POOL}", WORKER_REMEDY)
