"""`lstm-ops prune`: what is old goes for good, what anything still needs stays and loads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from mlflow.cli import cli as mlflow_command

from lstm_ops import cli
from lstm_ops.tracking import champions, names, registry, runs
from lstm_ops.tracking.ledger import Proposal, decide
from lstm_ops.tracking.removal import remove
from lstm_ops.tracking.retention import plan
from lstm_ops.tracking.runs import FlowRunLink
from lstm_ops.tracking.served.log import Served, log_model
from lstm_ops.tracking.store import Store


@dataclass(frozen=True)
class Training:
    """A parent with a child and its version, `number`, and a child that became none."""

    parent: str
    child: str
    other: str
    number: str


@pytest.fixture
def train(store: Store, trained: Callable[..., Any]) -> Callable[[int], Training]:
    """As the flow leaves it: runs with artifacts, models, a version."""
    t = trained("linear", 1, "steps")

    def once(count: int) -> Training:
        parent = runs.open_parent(store, "airline", "train", "train", FlowRunLink(str(count)))
        child, other = (
            runs.open_child(store, parent, name, {names.FORECASTER: name})
            for name in ("linear", "ridge")
        )
        served = Served("airline", "linear", t.recipe.window, t.scaling, t.spacing)
        model = log_model(store, child, t.fitted, served)
        experiment = store.client.get_run(other).info.experiment_id
        store.client.create_logged_model(experiment, "ridge", other)
        number = registry.register(store, "airline", model, child, "linear")
        store.client.log_text(parent, "what was found", "verdict.txt")
        for run_id in (child, other, parent):
            runs.finish(store, run_id)
        return Training(parent, child, other, number)

    return once


@pytest.fixture
def trainings(store: Store, train: Callable[[int], Training], clock: Any) -> list[Training]:
    """Five. The last is champion, the second previous, and nothing moved in the decisions of late.

    The ledger is tied to the first; the third is still at work.
    """
    made = [train(count) for count in range(5)]
    late = [("kept", None, "5")] * 10
    early = [("first", "1", None), ("replace", "2", "1"), ("replace", "5", "2")]
    for kind, to, expected in (*early, *late):
        run_id = store.client.create_run("0").info.run_id  # a run makes one decision
        decide(store, "airline", Proposal(kind, to, expected, "b", "me", run_id=run_id), clock)
    store.client.update_run(made[2].parent, "RUNNING")
    return made


def state(store: Store, folder: Path) -> tuple[Any, ...]:
    """Everything that a prune could touch."""
    experiment = store.client.get_experiment_by_name("airline").experiment_id
    return (
        sorted(v.version for v in store.client.search_model_versions("name = 'airline'")),
        sorted(run.info.run_id for run in runs.find(store, experiment, {names.SERIES: "airline"})),
        sorted(model.model_id for model in store.client.search_logged_models([experiment])),
        sorted(str(path) for path in folder.rglob("*") if path.is_file()),
    )


class Killed(BaseException):
    """The process ends here."""


def die(*progress: int) -> None:
    """After the first item."""
    del progress
    raise Killed


def test_shown_first_then_gone_for_good_even_where_it_was_killed_in_between(
    store: Store,
    trainings: list[Training],
    clock: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    files = tmp_path / "artifacts"
    before = state(store, files)
    assert cli.main(["prune", "airline", "--keep", "1"]) == 0
    out = capsys.readouterr().out
    assert "version 4 (linear)" in out and "nothing was removed. To do it: lstm-ops prune" in out
    assert state(store, files) == before

    planned = len(plan(store, "airline", 1, clock).items)
    for left in range(planned, 2, -1):
        found = plan(store, "airline", 1, clock)
        assert len(found.items) == left  # all that the one before it left
        with pytest.raises(Killed):
            remove(store, found, die)
    assert cli.main(["prune", "airline", "--keep", "1", "--yes"]) == 0
    capsys.readouterr()

    after = versions, run_ids, models, paths = state(store, files)
    assert versions == [2, 3, 5]
    gone = set(before[1]) - set(run_ids)
    assert gone == {trainings[3].parent, trainings[3].child, trainings[3].other}
    assert len(models) == len(before[2]) - 3  # of version 1, of version 4, and one that was none
    lost = gone | (set(before[2]) - set(models))
    assert not [path for path in paths if any(name in path for name in lost)]
    assert sum(path.endswith("verdict.txt") for path in paths) == 4

    assert cli.main(["prune", "airline", "--keep", "1", "--yes"]) == 0
    assert "nothing to remove: 3 versions of airline stay" in capsys.readouterr().out
    purged = CliRunner().invoke(mlflow_command, ["gc", "--backend-store-uri", store.uri])
    assert purged.exit_code == 0, purged.output
    assert state(store, files) == after

    loaded = champions.load(store, champions.find(store, "airline", names.PREVIOUS))
    times = pd.Series(pd.date_range("1949-01-01", periods=4, freq="MS"))
    assert len(loaded.forecast(times, pd.Series([112.0, 118.0, 132.0, 129.0]), 2)) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["airline", "--keep", "0"], "--keep 0: at least the newest version is kept"),
        (["nothing", "--keep", "1"], "no series 'nothing' is registered"),
    ],
)
def test_refused(
    store: Store,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    assert cli.main(["prune", *arguments, "--yes"]) == 2
    assert message in capsys.readouterr().err
