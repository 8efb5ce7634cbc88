"""The little of Prefect's REST API that the stack needs."""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from lstm_ops.errors import StackError

BUSY_TRIES, BUSY_WAIT = 10, 1.0  # seconds
PAGE = 200  # objects asked for at once; the server allows no more
OPEN_STATES = ("RUNNING", "PENDING", "CANCELLING")


@dataclass(frozen=True)
class FlowRun:
    """A flow run as the server knows it. `state`: one of Prefect's state types."""

    id: str
    name: str
    state: str
    deployment_id: str | None
    began: datetime | None = None


class PrefectApi:
    """One server, by its API's URL. Every method raises `StackError` where it fails.

    `timeout`: seconds for one request. `busy_tries`: how often a busy server is asked again.
    """

    def __init__(self, url: str, *, timeout: float = 30.0, busy_tries: int = BUSY_TRIES) -> None:
        self._busy_tries = busy_tries
        self._client = httpx.Client(
            base_url=url,
            headers=authorization(),
            trust_env=not is_here(url),  # no proxy leads to a server on this machine
            timeout=timeout,
        )

    def __enter__(self) -> PrefectApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def about(self) -> tuple[str, datetime]:
        """Its version, and what its clock says."""
        response = self._answer("GET", "/admin/version", None)
        return str(response.json()), parsedate_to_datetime(response.headers["date"])

    def ensure_pool(self, name: str) -> None:
        """The worker fills in the new pool's job template when it first starts."""
        content = {"name": name, "type": "process"}
        self.ask("POST", "/work_pools/", content, also=httpx.codes.CONFLICT)

    def worker_online(self, pool: str, name: str, since: datetime) -> bool:
        """Whether that worker has been heard of after that moment; one before it may be dead."""
        path = f"/work_pools/{pool}/workers/filter"
        return any(
            worker["name"] == name
            and worker["status"] == "ONLINE"
            and datetime.fromisoformat(worker["last_heartbeat_time"]) >= since
            for worker in self.ask("POST", path, {})
        )

    def open_runs(self) -> list[FlowRun]:
        """Every flow run that somebody should be at work on."""
        return list(self._runs({"state": {"type": {"any_": OPEN_STATES}}}))

    def open_children(self, parents: list[str]) -> list[FlowRun]:
        """The subflows of those flow runs that are open."""
        parent = {"parent_flow_run_id": {"any_": parents}}
        return list(self._runs({**parent, "state": {"type": {"any_": OPEN_STATES}}}))

    def silent_runs(self, runs: list[FlowRun], since: datetime) -> list[FlowRun]:
        """Those of whom no heartbeat has been heard since that moment."""
        heard = {
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "occurred": {"since": since.isoformat()},
        }
        counts = self.ask("POST", "/events/count-by/resource", {"filter": heard})
        alive = {count["value"].removeprefix("prefect.flow-run.") for count in counts}
        return [run for run in runs if run.id not in alive]

    def crash(self, run_id: str, message: str) -> None:
        state = {"type": "CRASHED", "name": "Crashed", "message": message}
        self.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": True})

    def flow_runs(self, ids: Collection[str]) -> Iterator[dict[str, Any]]:
        """What the server holds of these flow runs; those it does not know are left out."""
        wanted = sorted(ids)
        for start in range(0, len(wanted), PAGE):
            flow_runs = {"id": {"any_": wanted[start : start + PAGE]}}
            yield from self.found("flow_runs", flow_runs=flow_runs, sort="ID_DESC")

    def found(self, kind: str, **wanted: object) -> Iterator[dict[str, Any]]:
        """Every object of a kind (`flow_runs`, `deployments`, …) that a filter lets through."""
        offset = 0
        while True:
            content = {**wanted, "limit": PAGE, "offset": offset}
            page = self.ask("POST", f"/{kind}/filter", content)
            yield from page
            if len(page) < PAGE:
                return
            offset += PAGE

    def ask(self, method: str, path: str, content: object = None, also: int = 0) -> Any:
        """The answer's content. `also`: a status that is no failure either."""
        response = self._answer(method, path, content, also)
        return response.json() if response.content else None

    def _answer(self, method: str, path: str, content: object, also: int = 0) -> httpx.Response:
        response = self._request(method, path, content)
        for _ in range(self._busy_tries):
            if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(BUSY_WAIT)  # its SQLite is locked by another request
            response = self._request(method, path, content)
        if response.is_error and response.status_code != also:
            raise StackError(
                f"Prefect's server refused {method} {path} with {response.status_code}: "
                f"{response.text[:500]}"
            )
        return response

    def _runs(self, flow_runs: dict[str, Any]) -> Iterator[FlowRun]:
        return map(_flow_run, self.found("flow_runs", flow_runs=flow_runs, sort="ID_DESC"))

    def _request(self, method: str, path: str, content: object) -> httpx.Response:
        try:
            return self._client.request(method, path, json=content)
        except httpx.HTTPError as error:
            raise StackError(f"Prefect's server did not answer {method} {path}: {error}") from None


def _flow_run(content: dict[str, Any]) -> FlowRun:
    return FlowRun(
        id=content["id"],
        name=content["name"],
        state=content["state_type"],
        deployment_id=content["deployment_id"],
        began=_moment(content.get("start_time")),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def authorization() -> dict[str, str]:
    """The header that a server with a password wants, from Prefect's own variables."""
    if key := os.environ.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    if words := os.environ.get("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {b64encode(words.encode()).decode()}"}
    return {}


def is_here(url: str) -> bool:
    """Whether a server is on this machine."""
    return (urlsplit(url).hostname or "") in ("127.0.0.1", "localhost", "::1")
