"""`lstm-ops champion …`: what it tells, what it moves, and what it refuses without a change."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from lstm_ops import cli
from lstm_ops.tracking import names
from lstm_ops.tracking.ledger import Proposal, decide, entries
from lstm_ops.tracking.store import Store

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on the store of this test; gives status, output and errors."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)

    def call(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(["champion", *arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def toy(store: Store, shelf: Any, clock: Any) -> Any:
    """Version 1, replaced by 2 on evidence; 3 is a challenger, 4 belongs elsewhere."""
    shelf.add("toy", 3)
    shelf.add("toy", made_for="other")
    decide(store, "toy", Proposal("first", "1", None, "nothing stood", "gate"), clock)
    decide(store, "toy", Proposal("replace", "2", "1", "it was better", "gate"), clock)
    store.client.set_registered_model_alias("toy", names.CHALLENGER, "3")
    return shelf


def test_show_tells_what_serves_and_why(run: Run, toy: Any) -> None:
    del toy
    status, out, _ = run("show", "toy")
    assert status == 0
    first, since, because, *_ = out.splitlines()
    assert first == "champion    version 2 (linear), fitted on data until 1960-12-01"
    assert since.strip().startswith("since decision 2: replace 1 → 2, 2026-11-23 00:00")
    assert because.strip() == "because it was better"
    assert "previous    version 1 (linear)" in out and "challenger  version 3 (linear)" in out
    told = json.loads(run("show", "toy", "--json")[1])
    assert [told[seat]["version"] for seat in ("champion", "previous", "challenger")] == [*"213"]
    assert told["since"]["number"] == told["newest"]["number"] == 2 and not told["under_way"]


def test_promoted_and_rolled_back_by_hand_and_all_of_it_is_history(run: Run, toy: Any) -> None:
    assert run("promote", "toy", "3", "--because", "the feed changed")[0] == 0
    assert toy.aliases("toy") == {"champion": "3", "previous": "2"}
    for expected in ("2", "1"):
        status, out, _ = run("rollback", "toy", "--because", "it was a mistake")
        assert status == 0 and f"toy@champion is version {expected}" in out
    status, _, err = run("rollback", "toy", "--because", "more")
    assert status == 2 and "no earlier champion" in err
    assert run("rollback", "toy", "--to", "3", "--because", "once more")[0] == 0
    assert toy.aliases("toy") == {"champion": "3", "previous": "1"}
    out = run("history", "toy")[1]
    assert [line.split()[0] for line in out.splitlines()] == ["number", *"123456"]
    (by_hand,) = [line for line in out.splitlines() if "by hand" in line]
    assert "2 → 3" in by_hand and "the feed changed" in by_hand
    told = json.loads(run("history", "toy", "--json")[1])
    assert [entry["kind"] for entry in told][2:] == ["forced"] + 3 * ["rollback"]
    assert {entry["forecaster"] for entry in told} == {"linear"}


def test_a_move_past_the_ledger_is_marked(run: Run, toy: Any) -> None:
    toy.store.client.set_registered_model_alias("toy", names.CHAMPION, "3")
    out = run("history", "toy")[1]
    assert "outside (by hand)" in out.splitlines()[-1] and "2 → 3" in out.splitlines()[-1]


def test_at_knows_who_was_champion_when(run: Run, toy: Any) -> None:
    first, second = entries(toy.store, "toy")
    asked = {
        "2026-11-23": None,  # its midnight, before the first
        first.at.isoformat(): "1",
        (second.at - timedelta(microseconds=1)).replace(tzinfo=None).isoformat(): "1",
        second.at.astimezone().isoformat(): "2",
        (second.at + timedelta(minutes=1)).isoformat().replace("+00:00", "Z"): "2",
    }
    told = {at: json.loads(run("at", "toy", at, "--json")[1])["version"] for at in asked}
    assert told == asked
    later = (second.at + timedelta(minutes=1)).isoformat()
    assert "the champion of toy was version 2 (linear)" in run("at", "toy", later)[1]
    assert "toy had no champion" in run("at", "toy", "2020-01-01")[1]


BECAUSE = ("--because", "tests")
REFUSED = {
    "no series 'nothing' is registered; there are: toy": ("show", "nothing"),
    "no series 'nothing'": ("promote", "nothing", "1", *BECAUSE),
    "no series 'x/y'": ("history", "x/y"),
    "is no date that can be read": ("at", "toy", "yesterday"),
    "has not come yet": ("at", "toy", "9999-12-31"),
    "'newest' is no version number": ("promote", "toy", "newest", *BECAUSE),
    "there is no version 9 of 'toy'": ("promote", "toy", "9", *BECAUSE),
    "no version number": ("promote", "toy", "99999999999999999999", *BECAUSE),
    "version 2 of 'toy' is champion already": ("promote", "toy", "2", *BECAUSE),
    "was made for the series 'other', not 'toy'": ("promote", "toy", "4", *BECAUSE),
    "--because is blank": ("promote", "toy", "3", "--because", " "),
    "cannot serve: MLmodel is gone": ("promote", "toy", "3", *BECAUSE),
    "version 3 of 'toy' never was champion (earlier ones: 1)": (
        "rollback", "toy", "--to", "3", *BECAUSE,
    ),
    "version 2 of 'toy' is champion": ("rollback", "toy", "--to", "02", *BECAUSE),
}  # fmt: skip


def test_what_is_refused_ends_with_2_and_changes_nothing(run: Run, toy: Any) -> None:
    shutil.rmtree(toy.files("toy", "3"))
    before = toy.aliases("toy")
    for message, arguments in REFUSED.items():
        status, out, err = run(*arguments)
        assert (status, out) == (2, ""), arguments
        assert err.startswith("error: ") and message in err, err
    with pytest.raises(SystemExit) as ended:
        run("promote", "toy", "3")
    assert ended.value.code == 2
    assert toy.aliases("toy") == before and len(entries(toy.store, "toy")) == 2
