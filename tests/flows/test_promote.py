"""The flow promote: a champion's life on a series that grows, and what must not move it."""

from __future__ import annotations

import contextvars
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient
from prefect.client.orchestration import get_client
from prefect.flow_runs import resume_flow_run
from prefect.states import State

from flows import approval, beginning
from flows.promote import promote
from flows.store import tracking_store
from lstm_ops.cli import main
from lstm_ops.tracking import ledger, runs

pytestmark = pytest.mark.usefixtures("unpictured")

CHANGE = 420  # the point from which a season of 12 is there
LINEAR = {"kind": "linear", "look_back": 2}
RIDGE = {"kind": "ridge", "look_back": 24}


def walk(n: int) -> list[float]:
    values = [0.0]
    for noise in np.random.default_rng(5).normal(size=n - 1):
        values.append(0.6 * values[-1] + noise)
    season = 4 * np.sin(2 * np.pi * np.arange(n) / 12)
    return [
        v + (s if i >= CHANGE else 0) for i, (v, s) in enumerate(zip(values, season, strict=True))
    ]


VALUES = walk(700)


@dataclass(frozen=True)
class Life:
    """One series that grows, and what was decided about it."""

    client: MlflowClient
    file: Path
    series: str

    def night(self, points: int, *forecasters: dict[str, Any], **overrides: Any) -> State[Any]:
        rows = "".join(f"{t},{y}\n" for t, y in enumerate(VALUES[:points]))
        self.file.write_text("t,y\n" + rows)
        settings = {
            "series": self.series,
            "source.path": str(self.file),
            "source.time": "t",
            "source.value": "y",
            "window.look_back": 24,
            "window.drop_last_pair": False,
            "scaling": "standardise",
            "forecasters": list(forecasters),
            "gate.origins": 60,
            **overrides,
        }
        state: State[Any] = promote("airline", settings, return_state=True)
        return state

    def champion(self) -> int:
        return int(self.client.get_model_version_by_alias(self.series, "champion").version)

    def versions(self) -> int:
        return len(self.client.search_model_versions(f"name = '{self.series}'"))


@pytest.fixture(scope="module")
def life(tracked: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Life]:
    folder = tmp_path_factory.mktemp("life")
    return lambda name: Life(MlflowClient(tracked), folder / f"{name}.csv", name)


@pytest.fixture(scope="module")
def lived(life: Callable[[str], Life]) -> tuple[Life, list[dict[str, Any]]]:
    """Five decisions of the gate: first, refresh, kept, replace, kept again."""
    one = life("lived")
    states = [
        one.night(300, LINEAR),
        one.night(330, LINEAR),
        one.night(330, LINEAR, RIDGE, **{"gate.new_points": 0}),
        one.night(660, LINEAR, RIDGE),
        one.night(660, LINEAR, RIDGE),
    ]
    for state in states:
        assert state.is_completed(), state.message
    return one, [state.result() for state in states]


def test_a_life_in_decisions(lived: tuple[Life, list[dict[str, Any]]]) -> None:
    one, results = lived
    kinds = [result["decision"]["kind"] for result in results]
    assert kinds == ["first", "refresh", "kept", "replace", "kept"]
    champions = [(r["champion"]["forecaster"], r["champion"]["version"]) for r in results]
    assert champions == [
        ("linear", "1"),
        ("linear", "2"),
        *[("linear", "2")],
        *[("ridge", "3")] * 2,
    ]
    assert [r["champion"]["cutoff"] for r in results] == ["299.0", "329.0", "329.0", *["659.0"] * 2]
    assert "ridge beats the champion's linear by" in results[3]["verdict"]
    assert "no point since the champion's cutoff" in results[4]["verdict"]
    assert one.champion() == one.versions() == 3


def test_the_ledger_tells_the_same(lived: tuple[Life, list[dict[str, Any]]]) -> None:
    one, results = lived
    told = ledger.entries(tracking_store(), one.series)
    assert [entry.kind for entry in told] == [r["decision"]["kind"] for r in results]
    assert [entry.run_id for entry in told] == [r["mlflow"]["run_id"] for r in results]
    assert {entry.state for entry in told} == {"done"}
    for entry, result in zip(told, results, strict=True):
        assert ledger.champion_at(told, entry.at) == result["champion"]["version"]


def test_the_evidence_stands_on_the_decisions_run(
    lived: tuple[Life, list[dict[str, Any]]],
) -> None:
    one, results = lived
    run = one.client.get_run(results[3]["mlflow"]["run_id"])
    names = {file.path for file in one.client.list_artifacts(run.info.run_id)}
    assert names >= {"decision.json", "contest.json", "losses.parquet", "figures", "series.parquet"}
    found = json.loads(
        Path(one.client.download_artifacts(run.info.run_id, "decision.json")).read_text()
    )
    (ridge,) = [f for f in found["findings"] if f["name"] == "ridge"]
    assert ridge["gain"]["interval"][0] > 0.02
    assert run.data.metrics["gate/origins"] == run.data.metrics["gate/champion_origins"] == 60
    assert run.data.tags["lstm_ops.decision"] == "replace"
    version = one.client.get_model_version("lived", "3")
    assert version.tags["cutoff"] == "659.0"
    model = one.client.get_registered_model("lived")
    assert "ridge" in str(model.description)


def test_a_bad_one_forced_by_hand_and_rolled_back(
    lived: tuple[Life, list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    one, results = lived
    assert main(["champion", "promote", "lived", "1", "--because", "I like it"]) == 0
    assert one.champion() == 1
    started = time.monotonic()
    assert main(["champion", "rollback", "lived", "--because", "I was wrong"]) == 0
    assert time.monotonic() - started < 30
    assert one.champion() == 3
    capsys.readouterr()
    assert main(["champion", "history", "lived", "--json"]) == 0
    history = json.loads(capsys.readouterr().out)
    rows = history if isinstance(history, list) else history["decisions"]
    kinds = [row["kind"] for row in rows]
    assert kinds == [r["decision"]["kind"] for r in results] + ["forced", "rollback"]


def test_what_only_says_moves_nothing(life: Callable[[str], Life]) -> None:
    one = life("dry")
    state = one.night(300, LINEAR, **{"gate.mode": "dry_run"})
    assert state.is_completed(), state.message
    assert "Nothing was moved: linear would be champion (first)" in state.result()["verdict"]
    assert one.client.search_registered_models("name = 'dry'") == []
    state = one.night(300, LINEAR, **{"gate.mode": "off"})
    assert "gate.mode is off" in state.result()["verdict"]
    assert one.client.search_registered_models("name = 'dry'") == []


def test_what_a_person_decided_holds_until_there_are_new_data(life: Callable[[str], Life]) -> None:
    one = life("overruled")
    for points in (300, 330):
        assert one.night(points, LINEAR).is_completed()
    assert main(["champion", "rollback", "overruled", "--because", "forecasts jump"]) == 0
    state = one.night(330, LINEAR)
    assert state.result()["decision"]["kind"] == "kept"
    assert "no point since a person's decision" in state.result()["verdict"]
    assert one.champion() == 1
    assert one.night(340, LINEAR).result()["decision"]["kind"] == "refresh"


def test_a_decision_made_by_an_earlier_try_of_the_flow_run_stands(
    life: Callable[[str], Life], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report failed; the flow run is run again and must not tell another story."""
    one = life("again")
    first = one.night(300, LINEAR)
    again = runs.FlowRunLink(str(first.state_details.flow_run_id))
    monkeypatch.setattr(beginning, "this_flow_run", lambda: again)
    second = one.night(300, LINEAR)
    assert second.result()["verdict"] == first.result()["verdict"]
    assert second.result()["decision"]["kind"] == "first"
    assert len(ledger.entries(tracking_store(), "again")) == one.versions() == 1
    run = one.client.get_run(first.result()["mlflow"]["run_id"])
    assert run.data.tags["lstm_ops.decision"] == "first"
    assert (run.info.status, run.info.run_id) == ("FINISHED", second.result()["mlflow"]["run_id"])


def test_what_is_beyond_the_budget_is_not_promoted(life: Callable[[str], Life]) -> None:
    one = life("dear")
    state = one.night(300, LINEAR, **{"gate.budget.megabytes": 1e-6})
    assert state.result()["decision"]["kind"] == "kept"
    assert "gate.budget.megabytes is 1e-06" in str(state.result()["table"])
    assert state.result()["champion"] is None
    assert one.client.search_registered_models("name = 'dear'") == []


def test_a_champion_that_cannot_be_loaded_is_an_incident(life: Callable[[str], Life]) -> None:
    one = life("broken")
    assert one.night(300, LINEAR).is_completed()
    version = one.client.get_model_version("broken", "1")
    location = Path(one.client.get_run(version.run_id).info.artifact_uri).parents[1]
    (recipe,) = [
        p for p in location.rglob("recipe.json") if json.loads(p.read_text())["series"] == "broken"
    ]
    recipe.write_text(recipe.read_text().replace("bias", "wrong"))
    before = one.versions()
    state = one.night(330, LINEAR)
    assert (state.type.value, state.name) == ("FAILED", "Failed")
    assert "cannot be loaded: recipe.json is not the file that was logged" in str(state.message)
    assert (one.champion(), one.versions()) == (1, before)


def test_data_of_another_step_are_refused(life: Callable[[str], Life]) -> None:
    one = life("stepped")
    assert one.night(300, LINEAR).is_completed()
    state = one.night(310, LINEAR, **{"source.time": "row"})
    assert state.is_completed(), state.message  # rows are one apart, too
    rows = "".join(f"{2 * t},{y}\n" for t, y in enumerate(VALUES[:320]))
    other = one.file.with_suffix(".csv2")
    other.write_text("t,y\n" + rows)
    state = one.night(320, LINEAR, **{"source.path": str(other), "source.format": "csv"})
    assert state.name == "InvalidInput"
    assert "comes at steps of 2" in str(state.message)


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Resumes the flow run that pauses next, as a person does in Prefect's UI."""
    monkeypatch.setattr(approval, "LOOK", 0.2)
    threads = []

    def answer(given: dict[str, Any]) -> None:
        same_server = contextvars.copy_context().run
        thread = threading.Thread(target=same_server, args=(_resume, given), daemon=True)
        thread.start()
        threads.append(thread)

    yield answer
    for thread in threads:
        thread.join(20)


def _resume(given: dict[str, Any]) -> None:
    with get_client(sync_client=True) as client:
        for _ in range(200):
            found = client.request(
                "POST",
                "/flow_runs/filter",
                json={"flow_runs": {"state": {"type": {"any_": ["PAUSED"]}}}},
            ).json()
            if found:
                resume_flow_run(found[0]["id"], run_input=given)
                return
            time.sleep(0.1)


@pytest.mark.parametrize("approve", [True, False])
def test_a_person_is_asked(
    approve: bool, life: Callable[[str], Life], answered: Callable[[dict[str, Any]], None]
) -> None:
    one = life(f"asked-{str(approve).lower()}")
    answered({"approve": approve, "by": "Ada", "because": "seen the figures"})
    state = one.night(300, LINEAR, **{"gate.mode": "manual"})
    assert state.is_completed(), state.message
    (entry, *_) = ledger.entries(tracking_store(), one.series) or [None]
    if approve:
        assert one.champion() == 1
        assert entry is not None
        assert (entry.kind, entry.by) == ("first", "Ada")
        assert entry.because.endswith("; approved: seen the figures")
    else:
        assert "was not approved: seen the figures" in state.result()["verdict"]
        aliases = one.client.get_registered_model(one.series).aliases
        assert {name: int(number) for name, number in aliases.items()} == {"challenger": 1}
