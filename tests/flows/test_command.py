"""`python -m flows.train …`: what is refused before any server is started."""

from __future__ import annotations

from typing import Any

import pytest

from flows.command import argument_parser, main, parse_overrides
from lstm_ops.errors import InvalidExperiment


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
