"""The page stands on its own, and the page and the table say what the explanation holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from lstm_ops.anatomy import text
from lstm_ops.anatomy.explanation import Explanation, Subject, explain
from lstm_ops.anatomy.page import page
from lstm_ops.data.scaling import Scaling
from lstm_ops.experiment import LstmSpec
from lstm_ops.models import lstm
from lstm_ops.models.network import load_keras

pytestmark = pytest.mark.usefixtures("home")
Build = Callable[..., Any]
EMPTY = {"meta", "br"}


class Checked(HTMLParser):
    """Collects ids and references, and fails where an element is not closed in its turn."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.references: set[str] = set(re.findall(r"url\(([^)]*)\)", source))
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open += [] if tag in EMPTY else [tag]
        self.handle_startendtag(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe")
        for name, value in attrs:
            if name == "id":
                self.ids[str(value)] += 1
            if name in ("src", "href", "xlink:href"):
                self.references.add(str(value))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def explained(model: Any, x: Any, title: str = "title") -> Explanation:
    targets = x.reshape(len(x), -1)[:, -1]
    return explain(model, Subject(title, "a source", "some data", x, targets, Scaling(1.0, 2.0)))


@pytest.fixture
def small(windows: Build) -> Explanation:
    model = lstm.build((1, 1), 1, LstmSpec(kind="lstm", units=4), seed=1)
    return explained(model, windows((1, 1)), "<b>LSTM</b> & co")


def test_it_needs_nothing_but_itself(small: Explanation) -> None:
    checked = Checked(page(small))
    assert max(checked.ids.values()) == 1
    for reference in checked.references:
        inside = reference.startswith("#") and checked.ids[reference[1:]] == 1
        assert inside or reference.startswith("data:image/png")


def test_it_says_what_the_explanation_holds(small: Explanation) -> None:
    written = page(small)
    for variable in small.variables:
        assert f"<code>{variable.path}</code>" in written
        assert variable.formula in written
    assert "29 of its 101 parameters can move; the other 72 never do." in written
    assert "&lt;b&gt;LSTM&lt;/b&gt; &amp; co" in written
    assert "<b>LSTM" not in written
    for symbol in ("c", "h"):
        for value in getattr(small.trace[0], symbol)[0, 0]:
            assert f"<td>{value:.4g}</td>" in written


def test_each_network_has_its_own_sections(recurrent: Build, windows: Build) -> None:
    keras = load_keras()
    flat = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    steps = page(explained(recurrent((9, 2), 3, 4, dense=(2, 2)), windows((9, 2))))
    feedforward = page(explained(flat, np.random.default_rng(0).normal(size=(20, 2))))
    for written in (steps, feedforward):
        assert max([*Checked(written).ids.values(), 1]) == 1
        assert "The feedforward twin" not in written
    assert "The unrolled net" in steps
    assert steps.count("<details>") == 2
    assert "The unrolled net" not in feedforward
    assert "forget" not in feedforward


def test_a_large_network_keeps_the_page_small(recurrent: Build, windows: Build) -> None:
    written = page(explained(recurrent((90, 1), 40), windows((90, 1), 4)))
    assert "Not shown here: 24 more units and 16 more time steps." in written
    assert len(written) < 1_000_000


def test_the_table_fits_a_terminal(small: Explanation) -> None:
    shown = text.table(small)
    assert max(map(len, shown.splitlines())) <= text.COLUMNS
    assert "101 parameters: 29 live, 72 can never move, because with one time step" in shown
    for variable in small.variables:
        assert re.search(rf"{variable.path} .* {variable.count} ", shown)


def test_the_table_shows_a_few_of_many_units_and_steps(recurrent: Build, windows: Build) -> None:
    shown = text.table(explained(recurrent((30, 1), 16), windows((30, 1))))
    steps = re.findall(r"step (\d+) of 30", shown)
    assert steps == ["1", "16", "29", "30"]
    assert "… 10 more" in shown
    assert "can never move" not in shown
    assert max(map(len, shown.splitlines())) <= text.COLUMNS + 5  # numbers as 0.001234 are longer
