"""`python -m flows.train …`: what is refused, and what need not be waited for."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from flows.command import CLOCK, argument_parser, main, parse_overrides
from lstm_ops.errors import InvalidExperiment

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("training.epochs=20", {"training.epochs": 20}),
        ("training.learning_rate=0.01", {"training.learning_rate": 0.01}),
        ("seeds=[1, 2]", {"seeds": [1, 2]}),
        ("scaling=none", {"scaling": "none"}),
        ("window.drop_last_pair=false", {"window.drop_last_pair": False}),
        ("source.growth=null", {"source.growth": None}),
        ("source.path=a=b.csv", {"source.path": "a=b.csv"}),
        ("forecasters=[{kind: lstm, units: 2}]", {"forecasters": [{"kind": "lstm", "units": 2}]}),
    ],
)
def test_assignments(assignment: str, expected: dict[str, Any]) -> None:
    assert parse_overrides([assignment]) == expected


@pytest.mark.parametrize("assignment", ["training.epochs", "seeds=[1", "a={"])
def test_assignments_that_cannot_be_read(assignment: str) -> None:
    with pytest.raises(InvalidExperiment, match="--set"):
        parse_overrides([assignment])


def test_the_tutorial_is_what_runs_when_nothing_is_said() -> None:
    assert argument_parser("flows.train").parse_args([]).experiment == "tutorial"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], "no experiment 'nobody'"),
        (["airline", "--set", "training.epoch=3"], "Did you mean training.epochs"),
        (["airline", "--set", "training.epochs=x"], "training.epochs: got 'x'"),
        (["airline", "--set", "training.epochs"], "needed is path=value"),
    ],
)
def test_bad_arguments_end_with_2_and_words(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("flows.train", "train", arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: ")
    assert words in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


@pytest.mark.usefixtures("tracked")
def test_bad_data_are_refused_without_waiting_for_tensorflow(
    project_folder: Path, tmp_path: Path
) -> None:
    from prefect.settings import PREFECT_API_URL

    rows = "".join(f"{year}-01,{'x' if year == 1950 else year}\n" for year in range(1900, 2000))
    (tmp_path / "bad.csv").write_text(f"Month,Passengers\n{rows}")
    command = ["-m", "flows.train", "airline", "--set", f"source.path={tmp_path / 'bad.csv'}"]
    paths = {"PYTHONPATH": os.pathsep.join(map(str, (PROJECT / "src", PROJECT)))}
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        cwd=project_folder,
        env=os.environ | paths | {"PREFECT_API_URL": str(PREFECT_API_URL.value())},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert ended.returncode == 2, ended.stderr[-2000:]
    assert "row 51" in ended.stderr
    assert "prefect" in imported
    assert not imported & {"tensorflow", "keras", "sklearn"}


def test_a_flow_may_go_by_another_clock(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argument_parser("flows.ingest", values=CLOCK, experiment_name="live")
    options = parser.parse_args(["--now", "2026-09-01T00:00"])
    assert (options.experiment, options.now) == ("live", datetime(2026, 9, 1))
    assert parser.parse_args([]).now is None
    with pytest.raises(SystemExit) as end:
        parser.parse_args(["--now", "yesterday"])
    assert end.value.code == 2
    assert "'yesterday' is no time; needed is one as" in capsys.readouterr().err
