"""How long a run of a deployment takes on the local stack, from asking for it to its end.

    python -m benchmarks.deployment [--json] [--repeats 3]

The stack is started as `make up` does, and `train/tutorial` is asked for over Prefect's API, one
run after another, the first unmeasured. Seconds are between the moments that Prefect's server
noted. Asking to Pending is the worker looking for work, Pending to Running the start of a process.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx

from benchmarks import tables
from benchmarks.local_stack import local_stack

DEPLOYMENT = "train/tutorial"
MOMENTS = ("PENDING", "RUNNING", "COMPLETED")  # types of state, after `created`
OVER = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
LIMIT = 300.0  # seconds
LOOK = 1.0  # seconds between two looks at a run; the server has other things to do


def main() -> None:
    """Print the table, or its figures as JSON."""
    options = tables.arguments(__doc__)
    with _api() as api:
        runs = [_run(api) for _ in range(options.repeats + 1)]
    row = tables.medians(runs[1:])
    columns = {
        "asked to Pending, s": "{pending:.1f}",
        "Pending to Running, s": "{running:.1f}",
        "asked to Running, s": "{started:.1f}",
        "Running to Completed, s": "{completed:.1f}",
        "in all, s": "{total:.1f}",
    }
    rows = {f"`{DEPLOYMENT}`": row}
    tables.tell(options, {"deployment": row}, tables.table("deployment", columns, rows))


@contextmanager
def _api() -> Iterator[httpx.Client]:
    """Prefect's API of a stack that lives as long as this."""
    with (
        local_stack() as addresses,
        httpx.Client(base_url=addresses.prefect_api, trust_env=False, timeout=90) as api,
    ):
        yield api


def _run(api: httpx.Client) -> dict[str, float]:
    """Asks for one run, waits for its end and reads what the server noted."""
    deployment = _content(api.get(f"/deployments/name/{DEPLOYMENT}"))
    made = _content(api.post(f"/deployments/{deployment['id']}/create_flow_run", json={}))
    path = f"/flow_runs/{made['id']}"
    limit = time.monotonic() + LIMIT
    while (flow_run := _content(api.get(path)))["state_type"] not in OVER:
        if time.monotonic() > limit:
            raise TimeoutError(f"{DEPLOYMENT} is {flow_run['state_type']} after {LIMIT:.0f} s")
        time.sleep(LOOK)
    states = _content(api.get("/flow_run_states/", params={"flow_run_id": made["id"]}))
    return durations(flow_run, states)


def durations(flow_run: dict[str, Any], states: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds between the moments of a completed run. Raises `ValueError` for another."""
    if flow_run["state_type"] != "COMPLETED":
        raise ValueError(f"{DEPLOYMENT} ended as {flow_run['state_type']}: {flow_run['state']}")
    reached = {state["type"]: state["timestamp"] for state in states}
    noted = [flow_run["created"], *(reached[moment] for moment in MOMENTS)]
    times = [datetime.fromisoformat(moment) for moment in noted]
    steps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    figures = dict(zip(("pending", "running", "completed"), steps, strict=True))
    return {**figures, "started": steps[0] + steps[1], "total": sum(steps)}


def _content(response: httpx.Response) -> Any:
    return response.raise_for_status().json()


if __name__ == "__main__":
    main()
