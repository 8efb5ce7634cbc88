"""The record of what runs, and what is done with one whose supervisor is gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lstm_ops.errors import StackError
from lstm_ops.stack import record
from lstm_ops.stack.addresses import Addresses
from lstm_ops.stack.marks import ProcessMark
from lstm_ops.stack.record import Record

OURS = ProcessMark.of_this_process()
RUNNING = Record("token", OURS, Addresses(4300, 5001), {"worker": OURS})
# This pid lives, but was born at another time: the number has been given anew.
KILLED = replace(RUNNING, supervisor=ProcessMark(OURS.pid, OURS.created - 1000))


def test_a_running_stack_is_read_back_as_it_was_written() -> None:
    record.claim(RUNNING)
    assert record.live() == RUNNING


@pytest.mark.parametrize("supervisor", [KILLED.supervisor, ProcessMark(2**22 + 1, 1.0)])
def test_a_killed_stack_is_put_away_and_its_children_remembered(
    root: Path, supervisor: ProcessMark
) -> None:
    killed = replace(RUNNING, supervisor=supervisor)
    record.claim(killed)
    record.write_prefect_toml(killed.addresses)
    assert record.live() is None
    assert not (root / "prefect.toml").exists()
    assert not (root / ".state/stack.json").exists()
    assert record.leftovers() == killed


def test_a_persons_own_prefect_toml_is_neither_written_over_nor_removed(root: Path) -> None:
    own = root / "prefect.toml"
    own.write_text("[logging]\nlevel = 'DEBUG'\n")
    record.claim(KILLED)
    assert not record.write_prefect_toml(KILLED.addresses)
    assert record.live() is None
    assert "DEBUG" in own.read_text()


def test_a_generated_prefect_toml_without_a_stack_is_removed(root: Path) -> None:
    assert record.write_prefect_toml(RUNNING.addresses)
    assert record.live() is None
    assert not (root / "prefect.toml").exists()


def test_prefect_toml_holds_the_address_and_nothing_else(root: Path) -> None:
    record.write_prefect_toml(RUNNING.addresses)
    lines = (root / "prefect.toml").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "[api]",
        'url = "http://127.0.0.1:4300/api"',
    ]


@pytest.mark.parametrize("content", ["", "[]", '{"token": "x"}', "{"])
def test_a_record_that_makes_no_sense_is_no_stack(root: Path, content: str) -> None:
    path = root / ".state/stack.json"
    path.parent.mkdir()
    path.write_text(content)
    assert record.live() is None
    assert not path.exists()


def test_of_two_starts_at_once_one_is_refused(root: Path) -> None:
    record.claim(RUNNING)
    with pytest.raises(StackError, match="another `make up`"):
        record.claim(replace(RUNNING, token="second"))
    assert record.live() == RUNNING
    assert [path.name for path in (root / ".state").iterdir()] == ["stack.json"]
