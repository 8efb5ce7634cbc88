"""What fits pieces side by side: Prefect's threads or Dask, as the experiment says."""

from __future__ import annotations

import logging
import os
from typing import Any

from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from lstm_ops import project
from lstm_ops.errors import InvalidExperiment
from lstm_ops.experiment import Runner
from lstm_ops.redaction import redacted

SECONDS_TO_ANSWER = 5
# Of every connection they tell, and of a dashboard that is not there.
TALKATIVE = ("distributed", "prefect.task_runner.dask")


def workers(runner: Runner) -> int:
    """How many pieces at once, of a runner of our own."""
    return runner.workers or os.cpu_count() or 2


def task_runner(runner: Runner) -> TaskRunner[Any]:
    """A runner for a flow. Dask's cluster of our own listens on this machine only."""
    if runner.kind == "threads":
        return ThreadPoolTaskRunner(max_workers=workers(runner))
    os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "warning")  # its workers read it
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    from prefect_dask.task_runners import DaskTaskRunner

    if runner.address is not None:
        return DaskTaskRunner(address=runner.address)
    return DaskTaskRunner(
        cluster_kwargs={
            "n_workers": workers(runner),
            "threads_per_worker": 1,
            "host": "127.0.0.1",
            "dashboard_address": "127.0.0.1:0",  # serves its health only; 8787 may be somebody's
            "local_directory": str(project.state_folder() / "dask"),
        }
    )


def require_answer(runner: Runner) -> None:
    """Raises `InvalidExperiment` where no Dask scheduler answers at the address given."""
    if runner.address is None:
        return
    from distributed import Client

    connect: Any = Client  # not annotated
    try:
        with connect(runner.address, timeout=SECONDS_TO_ANSWER, set_as_default=False) as client:
            n_workers = len(client.scheduler_info(n_workers=-1)["workers"])
    # TypeError: a protocol that needs settings of its own, such as tls
    except (OSError, ValueError, TypeError, ImportError, TimeoutError) as error:
        raise InvalidExperiment(
            f"evaluation.runner.address: no Dask scheduler answers at {redacted(runner.address)} "
            f"({type(error).__name__}). Start one with `dask scheduler`, correct the address, or "
            "leave it out for a cluster on this machine"
        ) from None
    if n_workers == 0:
        raise InvalidExperiment(
            f"evaluation.runner.address: the Dask scheduler at {redacted(runner.address)} has no "
            "workers. Start some with `dask worker`"
        )
