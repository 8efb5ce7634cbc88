"""The page stands on its own and says all that was found, whatever names people choose."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lstm_ops.evaluation.comparison_page import page
from lstm_ops.evaluation.findings import Findings
from lstm_ops.evaluation.gallery import draw_all
from lstm_ops.evaluation.judgement import judgement, sentence

Make = Callable[..., Findings]
EMPTY = {"meta", "br", "img"}


class Checked(HTMLParser):
    """Collects references and the text, and fails where an element is not closed in its turn."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references = re.findall(r"url\(([^)]*)\)|@import", source)
        self.alternatives: list[str | None] = []
        self.text = ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe", "b")
        self.open += [] if tag in EMPTY else [tag]
        given = dict(attrs)
        self.references += [str(given[name]) for name in ("src", "href", "srcset") if name in given]
        if tag == "img":
            self.alternatives.append(given.get("alt"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"


def test_it_needs_nothing_but_itself(make_findings: Make, tmp_path: Path) -> None:
    findings = make_findings({"linear": [1.0], "lstm": [0.8, 0.9]})
    checked = Checked(page(findings, draw_all(tmp_path, findings)))
    assert len(checked.references) == len(checked.alternatives) == 6
    assert all(found.startswith("data:image/png;base64,iVBOR") for found in checked.references)
    assert all(checked.alternatives)


def test_it_says_what_was_found(make_findings: Make) -> None:
    errors = {"persistence": [1.0], "linear": [0.5], "lstm": [1.02, 1.03]}
    findings = make_findings(errors, origins=140, floor=0.25)
    text = Checked(page(findings, [])).text
    assert judgement(findings.standings, findings.comparisons) in text
    for c in findings.comparisons:
        assert sentence(c) in text
        assert c.verdict in text
    assert {c.verdict for c in findings.comparisons} == {"better", "worse", "not distinguishable"}
    for standing in findings.standings:
        assert standing.forecaster in text
        for run in standing.runs:
            assert f"{run['rmse']:#.4g}" in text
        assert f"{standing.mean['rmse_over_noise_floor']:#.4g}" in text
    assert "trained with 2 seeds: 0 and 1." in text
    assert "needs no seed" in text


def test_names_are_text(make_findings: Make) -> None:
    written = page(make_findings({"linear": [1.0], "lstm/<b>&": [0.8, 0.9]}), [])
    assert "lstm/&lt;b&gt;&amp;" in written
    assert "<b>" not in written


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"horizon": 3}, "Beyond the first it feeds on its own forecasts (recursive)"),
        ({"horizon": 3, "strategy": "direct"}, "All steps are fitted at once (direct)"),
        ({"cutoffs": 1}, "There is one cutoff, at t = 11.1, when 112 of 160 points are known"),
        ({"dates": True}, "3 cutoffs, the first at t = 2020-04-21"),
        ({"level": 0.8}, "hold 80 % of the targets"),
    ],
)
def test_it_says_how(asked: dict[str, object], said: str, make_findings: Make) -> None:
    assert said in Checked(page(make_findings({"linear": [1.0]}, **asked), [])).text


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_it_says_what_diverged(make_findings: Make) -> None:
    findings = make_findings(
        {"linear": [1.0], "lstm": [0.8, math.nan], "gru": [math.inf, math.inf]}
    )
    text = Checked(page(findings, [])).text
    assert "Training diverged: lstm, seed 1; gru, seed 0; gru, seed 1." in text
    assert "lstm and gru both diverged in training" in text
    assert not re.search(r"\b(nan|inf)\b", text)
