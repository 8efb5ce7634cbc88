"""The little of Prefect's REST API that the stack needs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from lstm_ops.errors import StackError

BUSY_TRIES, BUSY_WAIT = 10, 1.0  # seconds
PAGE = 200  # flow runs asked for at once; the server allows no more
OPEN_STATES = ("RUNNING", "PENDING", "CANCELLING")


@dataclass(frozen=True)
class FlowRun:
    """A flow run as the server knows it. `state`: one of Prefect's state types."""

    id: str
    name: str
    state: str
    deployment_id: str | None


class PrefectApi:
    """One server, by its API's URL. Every method raises `StackError` where it fails."""

    def __init__(self, url: str) -> None:
        # Asks no proxy: the server is on this machine.
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=30)

    def __enter__(self) -> PrefectApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ensure_pool(self, name: str) -> None:
        """The worker fills in the new pool's job template when it first starts."""
        content = {"name": name, "type": "process"}
        self._ask("POST", "/work_pools/", content, also=httpx.codes.CONFLICT)

    def worker_online(self, pool: str, name: str, since: datetime) -> bool:
        """Whether that worker has been heard of after that moment; one before it may be dead."""
        path = f"/work_pools/{pool}/workers/filter"
        return any(
            worker["name"] == name
            and worker["status"] == "ONLINE"
            and datetime.fromisoformat(worker["last_heartbeat_time"]) >= since
            for worker in self._ask("POST", path, {})
        )

    def open_runs(self) -> list[FlowRun]:
        """Every flow run that somebody should be at work on."""
        return list(self._runs({"state": {"type": {"any_": OPEN_STATES}}}))

    def open_children(self, parents: list[str]) -> list[FlowRun]:
        """The subflows of those flow runs that are open."""
        parent = {"parent_flow_run_id": {"any_": parents}}
        return list(self._runs({**parent, "state": {"type": {"any_": OPEN_STATES}}}))

    def crash(self, run_id: str, message: str) -> None:
        state = {"type": "CRASHED", "name": "Crashed", "message": message}
        self._ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": True})

    def _runs(self, flow_runs: dict[str, Any]) -> Iterator[FlowRun]:
        offset = 0
        while True:
            content = {"flow_runs": flow_runs, "sort": "ID_DESC", "limit": PAGE, "offset": offset}
            page = self._ask("POST", "/flow_runs/filter", content)
            yield from map(_flow_run, page)
            if len(page) < PAGE:
                return
            offset += PAGE

    def _ask(self, method: str, path: str, content: object, also: int = 0) -> Any:
        """The answer's content. `also`: a status that is no failure either."""
        response = self._request(method, path, content)
        for _ in range(BUSY_TRIES):
            if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(BUSY_WAIT)  # its SQLite is locked by another request
            response = self._request(method, path, content)
        if response.is_error and response.status_code != also:
            raise StackError(
                f"Prefect's server refused {method} {path} with {response.status_code}: "
                f"{response.text[:500]}"
            )
        return response.json()

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
    )
