"""How a flow ends: the user's faults as state InvalidInput, and no MLflow run left open."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from prefect import runtime
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import FailedRun
from prefect.states import Failed

from flows import artifacts
from flows.store import tracking_store
from lstm_ops.errors import InvalidInput, InvalidSeries
from lstm_ops.tracking import runs

P = ParamSpec("P")
R = TypeVar("R")

INVALID_INPUT = "InvalidInput"


def refuses_invalid_input(function: Callable[P, R]) -> Callable[P, R | State[Any]]:
    """`InvalidInput` leaves a flow as a failed state of that name, without tracebacks."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | State[Any]:
        try:
            with _invalid_input_in_words():
                return function(*args, **kwargs)
        except InvalidInput as error:
            # A worker's flow-run process ends by raising the failed state, and logs it once more.
            for name in ("prefect.engine", "prefect.flow_runs"):
                logging.getLogger(name).addFilter(_not_told_already)
            return Failed(name=INVALID_INPUT, message=str(error))

    return guarded


@contextmanager
def _invalid_input_in_words() -> Iterator[None]:
    """While inside, Prefect's logs of a task that met `InvalidInput` keep the message only."""
    logger = logging.getLogger("prefect.task_runs")
    logger.addFilter(_without_traceback)
    try:
        yield
    finally:
        logger.removeFilter(_without_traceback)


def _not_told_already(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], FailedRun))


def _without_traceback(record: logging.LogRecord) -> bool:
    if record.exc_info and isinstance(record.exc_info[1], InvalidInput):
        record.msg, record.args = "%s", (str(record.exc_info[1]),)
        record.exc_info = None
    return True


@contextmanager
def rejected_rows_shown(run_id: str, series: str) -> Iterator[None]:
    """Rows that break the contract inside become a table in MLflow and a Prefect artifact."""
    try:
        yield
    except InvalidSeries as error:
        rows = [{"row": r.row, "rule": r.rule, "got": r.got} for r in error.rejected]
        if rows:
            runs.log_table(tracking_store(), run_id, "rejected_rows", rows)
            artifacts.table(f"{series}-rejected-rows", rows, error.message)
        raise


def close_runs(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:
    """A hook for flow runs that end badly: their MLflow runs are closed with the reason."""
    del flow
    reason = f"{state.name}: {state.message or 'no reason given'}"
    killed = state.is_cancelled() or state.is_cancelling()
    runs.fail_training(tracking_store(), str(flow_run.id), reason, killed=killed)


def this_flow_run() -> runs.FlowRunLink:
    """The flow run that is under way; its URL only where a server stays to answer at it."""
    url = runtime.flow_run.ui_url
    lasting = isinstance(url, str) and url.startswith("http") and not artifacts.is_embedded()
    return runs.FlowRunLink(id=str(runtime.flow_run.id), url=url if lasting else None)
