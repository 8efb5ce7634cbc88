"""How flow runs ended, as Prefect knows it: what is asked about runs of other machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from lstm_ops.errors import StackError
from lstm_ops.stack.discovery import prefect_api_url
from lstm_ops.stack.prefect_http import PrefectApi, is_here

OVER = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def ended(flow_runs: Mapping[str, str | None]) -> dict[str, str]:
    """Those of these flow runs that are over: how, in words that begin with the state's name.

    `flow_runs`: each one's address in Prefect's UI, or None, by its id. Nothing is known where no
    server answers: whoever comes next asks again.
    """
    url = prefect_api_url() if flow_runs else None
    if url is None:
        return {}
    try:
        with PrefectApi(url, timeout=10, busy_tries=2) as api:
            known = {run["id"]: run for run in api.flow_runs(flow_runs)}
    except StackError:
        return {}
    over = {i: _words(run) for i, run in known.items() if run["state_type"] in OVER}
    deleted = {
        flow_run: "Deleted: Prefect does not know it any more"
        for flow_run, address in flow_runs.items()
        if flow_run not in known and _belongs_to(url, address)
    }
    return over | deleted


def _words(run: dict[str, Any]) -> str:
    message = (run.get("state") or {}).get("message")
    return f"{run['state_name']}: {message or 'no reason given'}"


def _belongs_to(api_url: str, address: str | None) -> bool:
    """Whether a flow run was certainly of that server.

    Another's runs are unknown to it too. Every machine has a 127.0.0.1 of its own.
    """
    asked, bears = urlsplit(api_url), urlsplit(address or "")
    if is_here(api_url):
        return False
    return (asked.hostname, asked.port) == (bears.hostname, bears.port)
