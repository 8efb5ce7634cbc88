"""How a step becomes a Prefect task: tried again, but only where that can help."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger

from lstm_ops.errors import InvalidInput, SourceUnavailable, TrackingUnavailable

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


def retried_alone(function: Callable[P, R], name: str, run_name: str) -> Task[P, R]:
    """One of many pieces of work: whatever befell it may not befall it again, but for bad input."""
    return task(
        name=name,
        task_run_name=run_name,
        retries=RETRIES,
        retry_delay_seconds=1,
        retry_condition_fn=_no_bad_input,
    )(function)


def patiently(function: Callable[P, R]) -> Callable[P, R]:
    """What is no task of its own, tried again in the same way where a server was the trouble."""

    @functools.wraps(function)
    def asking_again(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(RETRIES):
            try:
                return function(*args, **kwargs)
            except (SourceUnavailable, TrackingUnavailable) as trouble:
                get_run_logger().warning("%s; trying again", trouble)
                time.sleep(DELAY_SECONDS)
        return function(*args, **kwargs)

    return asking_again


def _no_bad_input(task: Any, task_run: Any, state: State[Any]) -> bool:
    del task, task_run
    return not isinstance(state.result(raise_on_failure=False), InvalidInput)


def _server_trouble(task: Any, task_run: Any, state: State[Any]) -> bool:
    """Trouble of a server or a source may pass; that of the input does not."""
    del task, task_run
    error = state.result(raise_on_failure=False)
    return isinstance(error, SourceUnavailable | TrackingUnavailable)
