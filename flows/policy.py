"""How a step becomes a Prefect task: tried again, but only where that can help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.client.schemas.objects import State

from lstm_ops.errors import SourceUnavailable, TrackingUnavailable

P = ParamSpec("P")
R = TypeVar("R")

RETRIES = 2
DELAY_SECONDS = 5


def retried(function: Callable[P, R], name: str, run_name: str | None = None) -> Task[P, R]:
    """A step that asks a server or a source, and asks again where they were the trouble."""
    return task(
        name=name,
        task_run_name=run_name or name,
        retries=RETRIES,
        retry_delay_seconds=DELAY_SECONDS,
        retry_condition_fn=_server_trouble,
    )(function)


def _server_trouble(task: Any, task_run: Any, state: State[Any]) -> bool:
    """Trouble of a server or a source may pass; that of the input does not."""
    del task, task_run
    error = state.result(raise_on_failure=False)
    return isinstance(error, SourceUnavailable | TrackingUnavailable)
