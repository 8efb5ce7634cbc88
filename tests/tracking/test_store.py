"""A store that cannot be reached is told apart from the user's faults, and soon."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lstm_ops.errors import InvalidInput, TrackingUnavailable
from lstm_ops.tracking import links, runs
from lstm_ops.tracking.lost import close_lost_runs
from lstm_ops.tracking.registry import register
from lstm_ops.tracking.runs import FlowRunLink
from lstm_ops.tracking.store import connect, experiment_id

pytestmark = pytest.mark.usefixtures("home", "mlflow_globals")


def unreachable(folder: Path) -> dict[str, str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "file").write_text("not a folder")
    (folder / "rubbish.db").write_bytes(b"this is no SQLite file " * 50)
    return {
        "a refused port": f"http://127.0.0.1:{port}",
        "a folder that is none": f"sqlite:///{folder}/file/mlflow.db",
        "a file that is no database": f"sqlite:///{folder}/rubbish.db",
    }


@pytest.mark.parametrize(
    "what", ["a refused port", "a folder that is none", "a file that is no database"]
)
def test_a_store_out_of_reach(what: str, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(TrackingUnavailable) as unavailable:
        close_lost_runs(connect(unreachable(tmp_path)[what]))
    assert time.monotonic() - started < 5
    assert not isinstance(unavailable.value, InvalidInput)
    assert "This is not your input's fault: check the server or the store" in str(unavailable.value)


def test_every_kind_of_call_says_so(tmp_path: Path) -> None:
    store = connect(unreachable(tmp_path)["a refused port"])
    calls: list[Callable[[], object]] = [
        lambda: experiment_id(store, "airline"),
        lambda: runs.open_parent(store, "a", "b", "train", FlowRunLink("1")),
        lambda: runs.log(store, "1", metrics={"a": 1}),
        lambda: runs.finish(store, "1"),
        lambda: links.run_url(store, "1"),
        lambda: register(store, "airline", "m-1", "1", "linear"),
    ]
    for call in calls:
        with pytest.raises(TrackingUnavailable, match="MLflow could not do what was asked"):
            call()


def test_links_open_on_model_training() -> None:
    store = connect("http://tracking.example:5000/")
    view = "workflowType=machine_learning"
    assert links.experiment_url(store, "7") == (
        f"http://tracking.example:5000/#/experiments/7/runs?{view}"
    )
    assert links.model_version_url(store, "airline", "3") == (
        f"http://tracking.example:5000/#/models/airline/versions/3?{view}"
    )


def test_credentials_of_a_server_stay_out_of_links() -> None:
    store = connect("http://ann:secret@tracking.example:5000")
    assert "secret" not in str(links.experiment_url(store, "7"))
    assert "secret" not in repr(store)
