"""Dimensions, counts, and which parameters can ever move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lstm_ops.anatomy import liveness
from lstm_ops.anatomy import network as networks
from lstm_ops.anatomy.dimensions import flow_table, layout_choices, variable_table

pytestmark = pytest.mark.usefixtures("home")
Build = Callable[..., Any]


@pytest.mark.parametrize(
    ("shape", "units", "live"),
    [((1, 1), (4,), 29), ((1, 6), (4,), 89), ((2, 1), (4,), 101), ((1, 2), (3, 4), 80)],
)
def test_gradients_and_structure_agree(
    shape: tuple[int, int], units: tuple[int, ...], live: int, recurrent: Build, windows: Build
) -> None:
    model = recurrent(shape, *units)
    network = networks.read(model)
    structure = liveness.live_by_structure(network)
    gradient = liveness.live_by_gradient(model, network, windows(shape))
    assert liveness.count(structure) == live
    for path, mask in structure.items():
        np.testing.assert_array_equal(mask, gradient[path], err_msg=path)


def test_an_inert_parameter_changes_nothing_and_a_live_one_does(
    recurrent: Build, windows: Build
) -> None:
    model = recurrent((1, 1), 4)
    inputs = windows((1, 1)).astype(np.float32)
    before, weights = np.asarray(model(inputs)), model.get_weights()
    masks = list(liveness.live_by_structure(networks.read(model)).values())
    model.set_weights([w + np.where(m, 0, 1) for w, m in zip(weights, masks, strict=True)])
    np.testing.assert_array_equal(before, model(inputs))
    model.set_weights([w + np.where(m, 0.1, 0) for w, m in zip(weights, masks, strict=True)])
    assert np.abs(before - model(inputs)).max() > 1e-3


def test_the_counts_are_those_of_keras(recurrent: Build) -> None:
    model = recurrent((7, 2), 3, 4, dense=(5, 2))
    table = variable_table(networks.read(model))
    assert sum(variable.count for variable in table) == model.count_params()
    assert [v.shape for v in table] == [tuple(w.shape) for w in model.trainable_variables]
    for variable in table:
        sizes, count = variable.formula.split(" = ")[1:]
        assert int(count) == variable.count == np.prod([int(s) for s in sizes.split(" · ")])
        assert all(b.stop - b.start == variable.shape[-1] // 4 for b in variable.blocks)


def test_what_flows_has_the_shapes_that_keras_says(recurrent: Build) -> None:
    model = recurrent((7, 2), 3, 4, dense=(5, 2))
    rows = flow_table(networks.read(model))
    shown = {row.layer: row.shape[1:] for row in rows if row.symbol in ("x", "y")}
    expected = {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}
    assert shown == {"window": (7, 2), **expected}


@pytest.mark.parametrize(("number", "shape"), [(0, (1, 8)), (1, (8, 1))])
def test_a_layout_counts_what_keras_would(
    number: int, shape: tuple[int, int], recurrent: Build
) -> None:
    choice = layout_choices(networks.read(recurrent((1, 1), 4)).lstms[0], look_back=8)[number]
    assert choice.input_shape == shape
    assert choice.parameters == recurrent(shape, 4).layers[0].count_params()
