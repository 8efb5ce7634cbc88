"""The benchmarks' own arithmetic: stages from a log, tables into a document. Nothing is timed."""

from __future__ import annotations

from datetime import datetime

import pytest

from benchmarks.__main__ import NAMES, document
from benchmarks.document import replaced
from benchmarks.stages import START, TASKS, stages

LATE = datetime(2026, 1, 31, 23, 59, 50)
BEGINNING = "23:59:52.500 | INFO    | Flow run 'train tutorial' - Beginning flow run"
EPOCH = "00:00:09.000 | INFO    | Task run 'fit lstm seed 7' - lstm seed 7: epoch 10 of 10"
TEXT = (
    "a\n<!-- benchmark: one -->\nold\n<!-- end -->\nb\n<!-- benchmark: two -->\nold\n<!-- end -->"
)


def ended(task: str, second: float) -> str:
    return f"00:00:{second:06.3f} | INFO    | Task run '{task}' - Finished in state Completed()"


def log() -> str:
    """Tasks end a second apart after midnight; of the two fits, the one told first ends last."""
    tasks = [ended(task, second) for second, task in enumerate(TASKS) if task != "fit"]
    fits = [ended("fit lstm seed 7", 6), ended("fit linear", 5.5)]
    return "\n".join([BEGINNING, *tasks, *fits, EPOCH])


def test_stages_follow_from_the_log_even_past_midnight() -> None:
    found = stages(log(), LATE, wall=22.0)
    assert list(found) == [START, *TASKS, "end"]
    assert list(found.values()) == pytest.approx([2.5, 7.5, *[1.0] * 10, 2.0])


def test_a_log_that_lacks_a_stage_is_refused_by_name() -> None:
    without = log().replace("Task run 'prepare'", "Task run 'other'")
    with pytest.raises(ValueError, match="ended: prepare\n"):
        stages(without, LATE, wall=22.0)


def test_a_table_replaces_only_what_is_between_its_markers() -> None:
    expected = TEXT.replace("two -->\nold", "two -->\n| new |")
    assert replaced(TEXT, "two", "| new |\n") == expected


@pytest.mark.parametrize("missing", ["<!-- benchmark: one -->", "\n<!-- end -->"])
def test_a_missing_marker_is_refused_in_words(missing: str) -> None:
    with pytest.raises(ValueError, match="<!-- benchmark: one -->; put one where the table"):
        replaced(TEXT.replace(missing, "", 1), "one", "| new |")


@pytest.mark.parametrize("name", NAMES)
def test_the_document_has_a_place_for(name: str) -> None:
    assert "| new |" in replaced(document(name).read_text(encoding="utf-8"), name, "| new |")
