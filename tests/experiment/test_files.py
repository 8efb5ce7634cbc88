"""Experiments: what is refused and in which words, overrides, and YAML there and back."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from lstm_ops.errors import InvalidExperiment
from lstm_ops.experiment import Experiment, load, override_paths
from lstm_ops.experiment.files import build, dump, find, read
from lstm_ops.experiment.flat import flatten
from lstm_ops.experiment.overrides import apply_overrides

pytestmark = pytest.mark.usefixtures("home")

SYNTHETIC = {"kind": "synthetic"}
FOLDER = Path(__file__).parents[2] / "experiments"


def content(**changes: Any) -> dict[str, Any]:
    return {"series": "mine", "source": SYNTHETIC, "forecasters": [{"kind": "linear"}], **changes}


def refusal(**changes: Any) -> str:
    with pytest.raises(InvalidExperiment) as refused:
        build(content(**changes), {}, "mine.yaml")
    return str(refused.value)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"training": {"epoch": 3}}, ["training.epoch: unknown key", "did you mean epochs?"]),
        ({"training": {"epoch": 3}}, ["allowed here: batch_size, early_stopping, engine, epochs"]),
        ({"seedz": [1]}, ["seedz: unknown key", "did you mean seeds?"]),
        (
            {"forecasters": [{"kind": "lstm", "unitz": 4}]},
            [
                "forecasters.0.unitz",
                "did you mean units?",
                "allowed here: batch_size, difference, epochs, kind, learning_rate, look_back, ",
                "look_back, name, normalise, seasonal_lags, units",
            ],
        ),
        ({"source": {"kind": "synthetic", "path": "x.csv"}}, ["source.path: unknown key"]),
        ({"training": {"epochs": "four"}}, ["training.epochs: got 'four'", "integer"]),
        ({"training": {"epochs": 2.5}}, ["training.epochs: got 2.5", "integer"]),
        ({"training": {"epochs": 0}}, ["training.epochs: got 0", "greater than or equal to 1"]),
        ({"training": {"learning_rate": float("nan")}}, ["training.learning_rate", "finite"]),
        ({"window": {"layout": "rows"}}, ["window.layout: got 'rows'", "'features' or 'steps'"]),
        ({"split": {"train_fraction": 1}}, ["split.train_fraction: got 1", "less than 1"]),
        ({"forecasters": []}, ["forecasters", "at least 1"]),
        ({"forecasters": [{"kind": "rnn"}]}, ["forecasters.0", "'lstm'", "'persistence'"]),
        ({"seeds": [1, 2, 1]}, ["seeds: seed 1 is given more than once"]),
        (
            {"forecasters": [{"kind": "lstm"}, {"kind": "lstm"}]},
            ["forecaster lstm is given more than once", "give each a name of its own"],
        ),
        ({"source": {**SYNTHETIC, "start": 9, "stop": 3}}, ["stop (3.0) must be greater than"]),
        ({"series": None}, ["series: got None"]),
    ],
)
def test_a_fault_is_told_with_its_path_what_was_got_and_what_is_allowed(
    changes: dict[str, Any], parts: list[str]
) -> None:
    message = refusal(**changes)
    assert message.startswith("mine.yaml: 1 fault\n")
    for part in parts:
        assert part in message


def test_every_fault_is_told_at_once() -> None:
    message = refusal(training={"epochs": 0, "batch": 1}, seeds=[], window={"look_back": "x"})
    assert message.startswith("mine.yaml: 4 faults\n")


@pytest.mark.parametrize(
    "section", [{"training": {"epochs": "4"}}, {"training": {"epochs": True}}, {"seeds": ["7"]}]
)
def test_text_and_truth_are_not_taken_for_numbers(section: dict[str, Any]) -> None:
    """As `Section` says. (YAML reads 1e-3 as text, which should still do where a float is due.)"""
    refusal(**section)


@pytest.mark.parametrize("name", ["", "Airline", "a_b", "-a", "a-", "a/b", "a:b", "a.b", "a\n"])
def test_names_that_the_registry_or_prefect_would_refuse_are_refused(name: str) -> None:
    assert "series: got" in refusal(series=name)


@pytest.mark.parametrize("name", ["a", "7", "car-sales-2", "a--b", "a" * 100])
def test_names(name: str) -> None:
    assert build(content(series=name), {}, "x").series == name


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_dump_brings_back_the_same_experiment(name: str, tmp_path: Path) -> None:
    experiment = load(name)
    path = tmp_path / "again.yaml"
    path.write_text(dump(experiment), encoding="utf-8")
    assert load(str(path)) == experiment
    assert dump(load(str(path))) == dump(experiment)


def test_nothing_of_an_experiment_is_missing_among_its_parameters() -> None:
    flat = flatten(load("tutorial"))
    assert flat["training.epochs"] == 10
    assert flat["source.seed"] == 7
    assert flat["split.validation_fraction"] == 0.2  # a default, resolved
    assert '"units": 4' in str(flat["forecasters"])
    assert set(flat) - {"series"} <= set(override_paths()) - {"series"}


def value_at(experiment: Any, path: str) -> Any:
    for key in path.split("."):
        experiment = experiment[key]
    return experiment


FROM_FOLDER = {"kind": "folder", "path": "inbox", "time": "Time", "value": "Value"}
FROM_TABLE = {"kind": "sql", "table": "sales"}
EXPERIMENTS: list[tuple[str, dict[str, Any]]] = [
    ("tutorial", {}),
    ("airline", {}),
    ("best", {}),
    ("live", {}),
    ("live", {"ingest.arrivals": FROM_FOLDER}),
    ("live", {"ingest.arrivals": FROM_TABLE}),
]


@cache
def as_it_stands(number: int) -> tuple[Experiment, dict[str, Any]]:
    """One of `EXPERIMENTS`, and what its file would say with everything written out."""
    loaded = load(*EXPERIMENTS[number])
    return loaded, yaml.safe_load(dump(loaded))


@pytest.mark.parametrize("path", override_paths())
def test_every_override_path_is_taken_by_an_experiment_that_has_it(path: str) -> None:
    """Overriding a setting with its own value changes nothing; the path exists somewhere."""
    tried = 0
    for number, (name, changed) in enumerate(EXPERIMENTS):
        loaded, resolved = as_it_stands(number)
        try:
            own = value_at(resolved, path)
        except (KeyError, TypeError):  # TypeError: within a section that is left out
            continue
        tried += 1
        assert load(name, {**changed, path: own}) == loaded
    assert tried, f"{path} leads nowhere"


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("training.epoch", "Did you mean training.epochs"),
        ("trainig.epochs", "training.epochs"),
        ("epochs", "training.epochs"),
        ("forecasters.0.units", "forecasters"),
        ("xyzzy", "Allowed: evaluation, evaluation.confidence"),
        ("training.", "training"),
        ("", "Allowed:"),
    ],
)
def test_a_misspelt_override_is_refused_with_what_is_near(path: str, hint: str) -> None:
    with pytest.raises(InvalidExperiment) as refused:
        load("tutorial", {path: 3})
    assert f"{path!r}: no such key" in str(refused.value)
    assert hint in str(refused.value)


def test_overrides_reach_the_experiment_and_leave_their_origin_alone() -> None:
    experiment = load("tutorial", {"training.epochs": 3, "split.validation_fraction": 0.5})
    assert experiment.training.epochs == 3
    assert experiment.training.batch_size == load("tutorial").training.batch_size
    assert experiment.split.validation_fraction == 0.5
    raw = content(training={"epochs": 1})
    apply_overrides(raw, {"training.epochs": 9})
    assert raw == content(training={"epochs": 1})


def test_an_override_of_a_wrong_value_is_refused_as_in_a_file() -> None:
    with pytest.raises(InvalidExperiment, match=r"training\.epochs: got -1"):
        load("tutorial", {"training.epochs": -1})


def test_an_experiment_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(
        InvalidExperiment,
        match=r"no experiment 'tutoral'.*airline, best, car-sales, demo, live, shampoo, tutorial",
    ):
        load("tutoral")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [1", "not readable YAML"),
        ("", "holds nothing"),
        ("- a\n- b\n", "holds list"),
        (b"\xff\xfe\x00", "not readable YAML"),
    ],
)
def test_files_that_are_no_experiment(tmp_path: Path, text: str | bytes, reason: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InvalidExperiment, match=reason):
        read(path)


def test_credentials_in_a_source_stay_out_of_the_words_about_its_faults() -> None:
    path = "https://ann:secret@example.org/y.csv"
    assert "secret" not in refusal(source={"path": path})
    assert "secret" not in refusal(source={"path": path, "kind": "web"})


def test_credentials_in_a_source_stay_out_of_what_is_logged_for_all_to_see() -> None:
    """Parameters of an MLflow run are shown to everybody who may look at it."""
    source = {"kind": "file", "path": "https://ann:secret@example.org/y.csv?sig=secret"}
    experiment = build(content(source={**source, "time": "t", "value": "y"}), {}, "x")
    assert "secret" not in str(flatten(experiment))


def test_a_bare_off_is_a_mode_of_the_gate(tmp_path: Path) -> None:
    """YAML takes it for no."""
    text = find("airline").read_text()
    path = tmp_path / "mine.yaml"
    path.write_text(text + "gate: {mode: off}\n")
    assert load(str(path)).gate.mode == "off"
