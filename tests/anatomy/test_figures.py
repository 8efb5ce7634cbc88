"""Which figures a network has, that none gives a warning, and how they are kept."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_ops.anatomy import figures
from lstm_ops.anatomy.explanation import Explanation, Subject, explain
from lstm_ops.data.scaling import Scaling
from lstm_ops.models.network import load_keras

pytestmark = pytest.mark.usefixtures("home")
Build = Callable[..., Any]
ALWAYS = {"live_parameters"}
CELL = {"cell", "gates"}
STEPS = {"unrolled", "memory", "trace"}
CASES: dict[str, tuple[tuple[int, int], tuple[int, ...], dict[str, Any], set[str]]] = {
    "one step": ((1, 1), (4,), {}, ALWAYS | CELL | {"curve"}),
    "features": ((1, 3), (4,), {"dense": (2,)}, ALWAYS | CELL | {"memory"}),
    "many steps": ((20, 1), (9,), {}, ALWAYS | CELL | STEPS),
    "stacked": ((7, 2), (3, 8), {"dense": (5, 2)}, ALWAYS | CELL | STEPS),
    "sequences": ((3, 1), (2,), {"sequences": True, "dense": (2,)}, ALWAYS | CELL | STEPS),
    "large": ((2, 3), (70,), {"use_bias": False}, ALWAYS | CELL | STEPS),
}


def explained(model: Any, x: Any) -> Explanation:
    targets = x.reshape(len(x), -1)[:, 0]
    return explain(model, Subject("title", "source", "data", x, targets, Scaling(1.0, 2.0)))


@pytest.mark.parametrize("case", CASES)
def test_every_network_has_its_figures(case: str, recurrent: Build, windows: Build) -> None:
    shape, units, settings, expected = CASES[case]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = figures.all_figures(explained(recurrent(shape, *units, **settings), windows(shape)))
        assert drawn.keys() == expected
        for name, figure in drawn.items():
            assert figures.svg(figure, name).startswith("<svg ")


def test_a_feedforward_net_has_no_cell(tmp_path: Path) -> None:
    keras = load_keras()
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)]
    )
    x = np.random.default_rng(0).normal(size=(30, 3))
    drawn = figures.all_figures(explained(model, x))
    assert drawn.keys() == ALWAYS | {"memory"}
    figures.save(drawn, tmp_path / "new")
    for name in drawn:
        assert (tmp_path / "new" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg " in (tmp_path / "new" / f"{name}.svg").read_text(encoding="utf-8")


def test_the_inert_half_of_the_cell_is_dashed(recurrent: Build, windows: Build) -> None:
    one, many = (
        figures.svg(figures.all_figures(explained(recurrent(s, 4), windows(s)))["cell"])
        for s in ((1, 1), (5, 1))
    )
    assert "stroke-dasharray" in one
    assert "stroke-dasharray" not in many
    assert all("W (1, 16)" in drawing and "U (4, 16)" in drawing for drawing in (one, many))
    assert "hₜ₋₁ U = 0" in one


def test_svg_is_text_the_same_each_time_and_safe_in_threads(
    recurrent: Build, windows: Build
) -> None:
    explanation = explained(recurrent((1, 1), 4), windows((1, 1)))

    def draw(_: int) -> str:
        return figures.svg(figures.gates(explanation), "gates")

    alone = draw(0)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(draw, range(8))) == {alone}
    assert ">f, forget gate; only multiplies zero<" in alone
    assert all(name.startswith("gates-") for name in re.findall(r' id="([^"]*)"', alone))
