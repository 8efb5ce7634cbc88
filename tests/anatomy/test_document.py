"""docs/lstm-explained.md says what its network says, and its network is the tutorial's."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lstm_ops.anatomy import document

pytestmark = pytest.mark.usefixtures("home")
PROJECT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_its_command_writes() -> None:
    written = (PROJECT / document.PAGE).read_text(encoding="utf-8")
    assert document.render(document.load(PROJECT)) == written
    drawings = re.findall(r"\]\(((?:lstm-explained|images)/[^)]*)\)", written)
    assert len(drawings) >= 5
    assert all((PROJECT / "docs" / drawing).is_file() for drawing in drawings)


def test_the_network_is_that_of_the_tutorials_recipe() -> None:
    ours, fitted = document.load(PROJECT), document.fit()
    x = ours.parts.test.inputs[:, -1:]
    np.testing.assert_allclose(ours.answer(x), fitted.answer(x), atol=1e-4)
