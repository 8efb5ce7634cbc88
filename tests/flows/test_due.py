"""When a training that nobody asked for by hand is due, and when it is skipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.due import slot_of
from lstm_ops.tracking.store import connect

pytestmark = pytest.mark.usefixtures("unpictured")

SERIES = "duly"
ALARM = {"kind": "drift", "sentence": "the level has shifted"}
Trained = Callable[..., Any]


@pytest.fixture(scope="module")
def trained(
    tracked: str, project_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    """Train on the first months of a series; gives the flow run's last state."""
    from flows.train import train

    del tracked
    source = (project_folder / "data" / "airline-passengers.csv").read_text().splitlines()
    path = tmp_path_factory.mktemp("data") / "grows.csv"
    base: dict[str, Any] = {
        "series": SERIES,
        "source.path": str(path),
        "forecasters": [{"kind": "persistence"}],
    }

    def on(months: int, *, event: dict[str, Any] | None = None, **settings: Any) -> Any:
        path.write_text("\n".join(source[: months + 1]) + "\n")
        due = settings.pop("when_due", True)
        changed = {key.replace("__", "."): value for key, value in settings.items()}
        return train("airline", {**base, **changed}, due, event, return_state=True)

    assert on(120).name == "Completed"  # due: there was no champion
    return on


def test_a_training_is_due_where_enough_has_arrived_since_the_champions_cutoff(
    tracked: str, trained: Trained
) -> None:
    again = trained(120)
    assert again.name == "Skipped"
    assert again.is_completed()
    assert "nothing new has arrived" in again.message
    few = trained(122, retraining__new_points=3)
    assert few.name == "Skipped"
    assert "only 2 new points" in few.message
    assert trained(123, retraining__new_points=3).name == "Completed"
    runs = [r for r in _runs(tracked) if "lstm_ops.skipped" in r.data.tags]
    assert len(runs) == 2
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_one_training_of_a_series_at_a_time(trained: Trained) -> None:
    with slot_of(SERIES) as free:
        assert free
        with slot_of(SERIES) as second, slot_of("another") as other:
            assert (second, other) == (False, True)
        kept_out = trained(130)
        assert kept_out.name == "Skipped"
        assert "another training" in kept_out.message
        assert trained(130, when_due=False).name == "Completed"  # asked for by hand
    with slot_of(SERIES) as free:
        assert free


def test_an_event_waits_for_the_cool_down_and_is_named_as_the_cause(
    tracked: str, trained: Trained
) -> None:
    soon = trained(135, event=ALARM)
    assert soon.name == "Skipped"
    assert "cooldown_hours is 6" in soon.message
    assert trained(135, event=ALARM, retraining__cooldown_hours=0).name == "Completed"
    causes = [run.data.tags.get("lstm_ops.cause") for run in _runs(tracked)]
    assert causes.count(ALARM["sentence"]) == 1


def _runs(uri: str) -> list[Any]:
    """The parent runs of trainings."""
    store = connect(uri)
    experiment = store.client.get_experiment_by_name(SERIES)
    assert experiment
    found = store.client.search_runs([experiment.experiment_id], "tags.`lstm_ops.flow` = 'train'")
    return [run for run in found if "mlflow.parentRunId" not in run.data.tags]
