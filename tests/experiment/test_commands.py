"""`lstm-ops experiment …`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lstm_ops import cli
from lstm_ops.experiment import load

pytestmark = pytest.mark.usefixtures("home")


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["experiment", "list"]) == 0
    assert capsys.readouterr().out.split() == [
        "airline",
        "best",
        "car-sales",
        "demo",
        "live",
        "shampoo",
        "tutorial",
    ]


def test_show_prints_an_experiment_that_loads_back(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["experiment", "show", "airline"]) == 0
    shown = tmp_path / "shown.yaml"
    shown.write_text(capsys.readouterr().out)
    assert "validation_fraction: 0.2" in shown.read_text()
    assert load(str(shown)) == load("airline")


def test_schema_names_every_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["experiment", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["additionalProperties"] is False
    assert {"series", "source", "window", "training", "seeds"} <= set(schema["properties"])


def test_show_of_a_missing_one_ends_with_2_and_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["experiment", "show", "nobody"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: no experiment 'nobody'")
    assert "Traceback" not in said.err


@pytest.mark.parametrize("arguments", [[], ["experiment"], ["experiment", "shwo"], ["--nothing"]])
def test_bad_arguments_end_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert "usage: lstm-ops" in capsys.readouterr().err


def test_outside_of_a_project_it_says_where_to_go(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("LSTM_OPS_HOME")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["experiment", "list"]) == 2
    assert "set LSTM_OPS_HOME" in capsys.readouterr().err
