"""The curve, the memory and the gates of a network, and what a cell can be reduced to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lstm_ops.anatomy import learned
from lstm_ops.anatomy import network as networks
from lstm_ops.anatomy.forward import output
from lstm_ops.anatomy.reductions import reductions

pytestmark = pytest.mark.usefixtures("home")
Build = Callable[..., Any]


@pytest.mark.parametrize("shape", [(6, 1), (1, 6)])
def test_memory_is_the_slope_at_each_lag(
    shape: tuple[int, int], recurrent: Build, windows: Build
) -> None:
    """By Keras's gradients; here by small steps of the pass by hand."""
    model = recurrent(shape, 4, dense=(2,))
    network, inputs = networks.read(model), windows(shape)
    memory = learned.memory(model, network, inputs)
    assert [lag.lag for lag in memory.lags] == [1, 2, 3, 4, 5, 6]
    for lag in memory.lags:
        nudge = np.zeros(6)
        nudge[6 - lag.lag] = 1e-5
        up, down = (output(network, inputs + s * nudge.reshape(shape))[:, 0] for s in (1, -1))
        slopes = np.abs(up - down) / 2e-5
        assert lag.mean == pytest.approx(slopes.mean(), abs=1e-5)
        assert lag.largest == pytest.approx(slopes.max(), abs=1e-5)


def test_a_forget_gate_of_one_half_has_a_half_life_of_one_step(
    recurrent: Build, windows: Build
) -> None:
    model = recurrent((6, 1), 2)
    kernel, again, bias, *rest = model.get_weights()
    kernel[:, 2:4], again[:, 2:4], bias[2:4] = 0, 0, [0, np.log(3)]  # f = 1/2 and 3/4
    model.set_weights([kernel, again, bias, *rest])
    memory = learned.memory(model, networks.read(model), windows((6, 1)))
    (lives,) = memory.half_lives.values()
    assert lives == pytest.approx((1.0, np.log(0.5) / np.log(0.75)))


def test_a_curve_is_the_network_in_units_of_y(recurrent: Build, windows: Build) -> None:
    network, inputs = networks.read(recurrent((1, 1), 4)), windows((1, 1))
    targets = 0.5 * inputs[:, 0, 0] + 0.25
    curve = learned.curve(network, inputs, targets, offset=10.0, scale=2.0)
    assert curve.line == pytest.approx((0.5, 5.5))  # y = 10 + 2 (0.5 (x - 10) / 2 + 0.25)
    assert (curve.low, curve.high) == (2 * inputs.min() + 10, 2 * inputs.max() + 10)
    scaled = ((curve.x - 10) / 2).reshape(-1, 1, 1)
    np.testing.assert_allclose(curve.y, output(network, scaled)[:, 0] * 2 + 10)
    assert curve.x[0] < curve.low < curve.high < curve.x[-1]


def test_gates_are_those_of_the_last_step(recurrent: Build, windows: Build) -> None:
    network = networks.read(recurrent((5, 1), 3))
    (gates,) = learned.gates(network, windows((5, 1), 7)).values()
    assert {gate: values.shape for gate, values in gates.items()} == dict.fromkeys("ifgo", (7, 3))
    assert all(np.all((gates[g] > 0) & (gates[g] < 1)) for g in "ifo")


def test_a_cell_becomes_what_its_gates_make_of_it() -> None:
    rnn, integrator, *lines = reductions((0.9954, 0.0011), 0.03, 1.1)
    assert rnn.difference <= 1e-12
    assert integrator.difference <= 1e-12
    # tanh is straight up to a third power: a tenth of the size leaves a hundredth of the error.
    large, middle, small = (line.difference for line in lines)
    assert middle / large < 0.03
    assert small / middle == pytest.approx(0.01, rel=0.1)
    assert small < 1e-4
