"""Deployments as prefect.yaml says, and as the server has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml

from lstm_ops import project
from lstm_ops.errors import InvalidInput
from lstm_ops.stack.prefect_http import PrefectApi

KINDS = ("cron", "interval", "rrule")


@dataclass(frozen=True)
class Schedule:
    """When runs are due: `rule` is the cron line, the seconds or the rrule.

    Two are the same whatever the server knows besides.
    """

    rule: str
    timezone: str
    active: bool = field(default=True, compare=False)
    changed: datetime | None = field(default=None, compare=False)
    id: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.rule} ({self.timezone})"


@dataclass(frozen=True)
class Deployment:
    """`name`: flow/name. The last two are the server's to say."""

    name: str
    entrypoint: str
    parameters: Mapping[str, Any]
    schedules: tuple[Schedule, ...]
    pool: str | None
    triggers: tuple[str, ...] = ()
    paused: bool = False
    id: str = ""


def declared() -> list[Deployment]:
    """What prefect.yaml says. Raises `InvalidInput` where it cannot be read."""
    path = project.root() / project.MARKER
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        return [_declared(entry) for entry in content.get("deployments") or []]
    except (OSError, ValueError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InvalidInput(f"{path} does not tell its deployments: {reason}") from None


def on_server(api: PrefectApi) -> dict[str, Deployment]:
    """Every deployment of the server, by name."""
    flows = {flow["id"]: flow["name"] for flow in api.found("flows")}
    found = (_served(content, flows[content["flow_id"]]) for content in api.found("deployments"))
    return {deployment.name: deployment for deployment in found}


def upcoming(api: PrefectApi, deployment: Deployment, now: datetime) -> int:
    """How many runs of it are due after that moment."""
    later = {
        "state": {"type": {"any_": ["SCHEDULED"]}},
        "expected_start_time": {"after_": now.isoformat()},
    }
    wanted = {"deployments": {"id": {"any_": [deployment.id]}}, "flow_runs": later}
    return int(api.ask("POST", "/flow_runs/count", wanted))


def _declared(entry: Mapping[str, Any]) -> Deployment:
    entrypoint = str(entry["entrypoint"])
    one = [entry["schedule"]] if entry.get("schedule") else []
    return Deployment(
        name=f"{_flow_of(entrypoint)}/{entry['name']}",
        entrypoint=entrypoint,
        parameters=entry.get("parameters") or {},
        schedules=tuple(_schedule(s, s) for s in entry.get("schedules") or one),
        pool=(entry.get("work_pool") or {}).get("name"),
        triggers=tuple(
            trigger.get("name", f"{entry['name']}__automation_{number}")
            for number, trigger in enumerate(entry.get("triggers") or [], start=1)
        ),
    )


def _served(content: Mapping[str, Any], flow: str) -> Deployment:
    return Deployment(
        name=f"{flow}/{content['name']}",
        entrypoint=content["entrypoint"] or "",
        parameters=content["parameters"] or {},
        schedules=tuple(_schedule(s["schedule"], s) for s in content["schedules"]),
        pool=content["work_pool_name"],
        paused=bool(content["paused"]),
        id=content["id"],
    )


def _schedule(rule: Mapping[str, Any], about: Mapping[str, Any]) -> Schedule:
    """`about` says whether it is switched on, when that was last changed, and its id."""
    given = next(rule[kind] for kind in KINDS if rule.get(kind) is not None)
    changed = about.get("updated")
    return Schedule(
        rule=f"every {float(given):g} s" if isinstance(given, int | float) else str(given),
        timezone=rule.get("timezone") or "UTC",
        active=about.get("active") is not False,
        changed=datetime.fromisoformat(changed) if changed else None,
        id=str(about.get("id", "")),
    )


def _flow_of(entrypoint: str) -> str:
    """Prefect names a flow after its function."""
    return entrypoint.replace(":", ".").rpartition(".")[2].replace("_", "-")
