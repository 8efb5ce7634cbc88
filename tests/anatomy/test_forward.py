"""The forward pass by hand is Keras's, and so are the twin and the unrolled net."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lstm_ops.anatomy import network as networks
from lstm_ops.anatomy.forward import LstmTrace, forward, output
from lstm_ops.anatomy.proof import prove
from lstm_ops.anatomy.twin import build_twin, twin_weights
from lstm_ops.anatomy.unrolled import build_unrolled
from lstm_ops.errors import UnsupportedModel
from lstm_ops.models.network import load_keras

pytestmark = pytest.mark.usefixtures("home")
Build = Callable[..., Any]

CASES: dict[str, tuple[tuple[int, int], tuple[int, ...], dict[str, Any]]] = {
    "one step": ((1, 1), (4,), {}),
    "features": ((1, 6), (3,), {"dense": (2,)}),
    "steps": ((12, 1), (5,), {}),
    "64 steps": ((64, 1), (16,), {}),
    "200 steps": ((200, 1), (2,), {}),
    "stacked": ((7, 2), (3, 4), {"dense": (5, 2)}),
    "stacked, one step": ((1, 2), (3, 4), {}),
    "sequences": ((5, 2), (3,), {"sequences": True, "dense": (2,)}),
    "sequences, one step": ((1, 2), (3,), {"sequences": True}),
    "relu": ((6, 1), (3,), {"activation": "relu"}),
    "no bias": ((6, 1), (3,), {"use_bias": False}),
}


@pytest.mark.parametrize("case", CASES)
def test_three_ways_to_the_same_numbers(case: str, recurrent: Build, windows: Build) -> None:
    shape, units, settings = CASES[case]
    model = recurrent(shape, *units, **settings)
    proof = prove(model, networks.read(model), windows(shape))
    assert proof.windows == 40
    assert proof.numpy <= 1e-6
    assert proof.unrolled <= 1e-6
    assert (proof.twin is not None) == (shape[0] == 1)
    assert proof.twin is None or proof.twin <= 1e-6


def test_a_state_by_state_comparison_with_keras(recurrent: Build, windows: Build) -> None:
    """h of every step and c of the last, as the layer itself returns them."""
    model = recurrent((9, 2), 4)
    inputs = windows((9, 2))
    cell = load_keras().layers.LSTM(4, return_sequences=True, return_state=True)
    cell.build((None, 9, 2))
    cell.set_weights(model.layers[0].get_weights())
    h, _, c = cell(inputs.astype(np.float32))
    trace = forward(networks.read(model), inputs)[0]
    assert isinstance(trace, LstmTrace)
    np.testing.assert_allclose(trace.h, h, atol=1e-6)
    np.testing.assert_allclose(trace.c[:, -1], c, atol=1e-6)


def test_the_trace_fits_together(recurrent: Build, windows: Build) -> None:
    """What is kept obeys the equations, and the twin, the unrolled net and windows of one agree."""
    network = networks.read(recurrent((5, 1), 3))
    trace = forward(network, windows((5, 1)))[0]
    assert isinstance(trace, LstmTrace)
    before = np.concatenate([np.zeros_like(trace.c[:, :1]), trace.c[:, :-1]], axis=1)
    np.testing.assert_allclose(trace.c, trace.f * before + trace.i * trace.g, atol=1e-15)
    np.testing.assert_allclose(trace.h, trace.o * np.tanh(trace.c), atol=1e-15)
    one = output(network, windows((5, 1))[7:8])
    np.testing.assert_allclose(one, output(network, windows((5, 1)))[7:8], atol=1e-15)


def trained(model: Any, inputs: Any, targets: Any) -> Any:
    keras = load_keras()
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    model.fit(inputs, targets, epochs=3, batch_size=8, shuffle=False, verbose=0)
    return model


def test_the_twin_trains_to_the_same_weights(recurrent: Build, windows: Build) -> None:
    lstm, inputs = recurrent((1, 2), 3), windows((1, 2))
    before = networks.read(lstm)
    twin = build_twin(before)
    assert twin.count_params() == lstm.count_params() - 3 * 12 - (2 + 1) * 3
    targets = np.sin(inputs.sum(axis=(1, 2)))
    after = networks.read(trained(lstm, inputs, targets))
    trained(twin, inputs, targets)
    for name, weights in twin_weights(after).items():
        for ours, theirs in zip(weights, twin.get_layer(name).get_weights(), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
    np.testing.assert_array_equal(before.lstms[0].recurrent_kernel, after.lstms[0].recurrent_kernel)
    assert not np.allclose(before.lstms[0].kernel, after.lstms[0].kernel, atol=1e-3)


def test_the_unrolled_net_has_the_lstms_parameters_and_no_other(recurrent: Build) -> None:
    model = recurrent((6, 2), 3, 4)
    unrolled = build_unrolled(networks.read(model))
    assert unrolled.count_params() == model.count_params()
    assert not any("LSTM" in type(layer).__name__ for layer in unrolled.layers)


def test_more_steps_have_no_twin(recurrent: Build) -> None:
    with pytest.raises(UnsupportedModel, match="6 time steps"):
        build_twin(networks.read(recurrent((6, 1), 2)))
