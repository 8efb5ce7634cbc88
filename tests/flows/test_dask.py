"""The same scores on Dask as on threads, also when a worker is killed on the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from distributed import LocalCluster

from flows.backtest import backtest
from flows.runners import require_answer, task_runner
from lstm_ops.errors import InvalidExperiment
from lstm_ops.experiment import Runner

pytestmark = pytest.mark.usefixtures("unpictured")

SETTINGS = {
    "forecasters": [{"kind": "ridge"}, {"kind": "linear"}, {"kind": "persistence"}],
    "evaluation.cutoffs.number": 4,
}


def workers() -> list[psutil.Process]:
    """The processes of Dask's workers, which are children of this one."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it ended meanwhile
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


@pytest.fixture
def killer(project_folder: Path) -> Callable[[], psutil.Process | None]:
    """Kills a worker once a few pieces are done; says which one, when asked."""
    killed: list[psutil.Process] = []

    def kill() -> None:
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            if len(list(project_folder.glob(".state/work/*/pieces/*/*.npz"))) >= 3:
                for worker in workers()[-1:]:
                    worker.kill()
                    killed.append(worker)
                    return
            time.sleep(0.01)

    threading.Thread(target=kill, daemon=True).start()
    return lambda: killed[0] if killed else None


def test_threads_and_dask_give_equal_scores_and_a_killed_worker_loses_nothing(
    tracked: str, killer: Callable[[], psutil.Process | None]
) -> None:
    del tracked
    dask = {**SETTINGS, "evaluation.runner": {"kind": "dask", "workers": 2}}
    on_dask = backtest(experiment="airline", overrides=dask, fresh=True)
    killed = killer()
    assert killed is not None and not killed.is_running()
    on_threads = backtest(experiment="airline", overrides=SETTINGS, fresh=True)
    for part in ("scores", "summary", "comparisons", "verdict"):
        assert on_dask[part] == on_threads[part]
    assert workers() == []


def test_a_cluster_of_our_own_listens_on_this_machine_only() -> None:
    runner = task_runner(Runner(kind="dask", workers=1))
    with runner:
        assert runner.client.scheduler_info()["address"].startswith("tcp://127.0.0.1:")
        listening = {
            connection.laddr.ip
            for process in (psutil.Process(), *workers())
            for connection in process.net_connections()
            if connection.status == psutil.CONN_LISTEN
        }
    assert listening == {"127.0.0.1"}


def test_a_scheduler_without_workers_is_refused() -> None:
    with (
        LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        pytest.raises(InvalidExperiment, match="has no workers"),
    ):
        require_answer(Runner(kind="dask", address=cluster.scheduler_address))


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:1", "nonsense", "tcp://", "tls://u:p@x:1", "tls://127.0.0.1:1"]
)
def test_an_address_at_which_nobody_answers_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.runners.SECONDS_TO_ANSWER", 1)
    with pytest.raises(InvalidExperiment, match=r"evaluation\.runner\.address: no Dask") as refused:
        require_answer(Runner(kind="dask", address=address))
    assert "u:p" not in str(refused.value)
