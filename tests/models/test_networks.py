"""Networks: seeds decide everything, sizes are as documented, batches may have a remainder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_ops.experiment import FeedforwardSpec, LstmSpec, Training
from lstm_ops.models import feedforward, lstm
from lstm_ops.models.catalog import create
from lstm_ops.models.network import FittedNetwork, epoch_orders, layer_seeds

FAMILIES = ("lstm", "feedforward")


def fit(trained: Any, seed: int, epochs: list[tuple[int, float]] | None = None) -> FittedNetwork:
    """The same fit as `trained`, anew and with any seed."""
    seen = epochs if epochs is not None else []
    fitted = create(trained.recipe.forecasters[0], trained.recipe).fit(
        trained.scaling.apply(trained.parts.train.inputs),
        trained.scaling.apply(trained.parts.train.targets),
        seed=seed,
        on_epoch=lambda epoch, loss: seen.append((epoch, loss)),
    )
    assert isinstance(fitted, FittedNetwork)
    return fitted


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_seed_decides_every_weight_and_another_gives_others(
    kind: str, trained: Callable[..., Any]
) -> None:
    first = trained(kind, 3, "steps")
    inputs = first.scaling.apply(first.parts.test.inputs)
    epochs: list[tuple[int, float]] = []
    again, other = fit(first, 7, epochs), fit(first, 8)
    for mine, same in zip(first.fitted.network.weights, again.network.weights, strict=True):
        np.testing.assert_array_equal(mine, same)
    np.testing.assert_array_equal(first.fitted.predict(inputs), again.predict(inputs))
    assert again.effort == first.fitted.effort
    assert np.abs(other.predict(inputs) - again.predict(inputs)).max() > 1e-3
    # Three epochs were told as they went; 93 windows make 3 batches of 32, the last one shorter.
    assert [epoch for epoch, _ in epochs] == [1, 2, 3]
    assert [loss for _, loss in epochs] == pytest.approx(again.effort.losses)
    assert len(first.parts.train) % 32 != 0
    assert again.effort.steps == 3 * 3


@pytest.mark.parametrize("kind", FAMILIES)
def test_forecasts_have_a_column_for_each_step_of_the_horizon(
    kind: str, trained: Callable[..., Any]
) -> None:
    made = trained(kind, 3, "steps")
    forecasts = made.fitted.predict(made.parts.test.inputs)
    assert forecasts.shape == made.parts.test.targets.shape
    assert forecasts.dtype == np.float64
    one_by_one = [made.fitted.predict(made.parts.test.inputs[i : i + 1]) for i in range(3)]
    np.testing.assert_allclose(np.concatenate(one_by_one), forecasts[:3], atol=1e-5)


def test_the_tutorials_lstm_has_101_parameters() -> None:
    """4 gates × (1 input + 4 recurrent + 1 bias) × 4 units, and 4 + 1 for the forecast."""
    assert lstm.build((1, 1), 1, LstmSpec(kind="lstm", units=4), 0).count_params() == 101


@pytest.mark.parametrize(("shape", "expected"), [((1, 4), 4 * 4 * 9), ((4, 1), 4 * 4 * 6)])
def test_parameters_grow_with_features_and_not_with_steps(
    shape: tuple[int, int], expected: int
) -> None:
    assert lstm.build(shape, 1, LstmSpec(kind="lstm"), 0).count_params() == expected + 5


def test_a_layout_decides_what_the_network_is_fed(trained: Callable[..., Any]) -> None:
    by_layout = {"features": trained("lstm", 1, "features"), "steps": trained("lstm", 3, "steps")}
    assert by_layout["features"].fitted.network.input_shape == (None, 1, 4)
    assert by_layout["steps"].fitted.network.input_shape == (None, 4, 1)


def test_parameters_of_a_feedforward_net() -> None:
    spec = FeedforwardSpec(kind="feedforward", hidden=(8, 3))
    assert (
        feedforward.build(4, 2, spec, 0).count_params() == (4 + 1) * 8 + (8 + 1) * 3 + (3 + 1) * 2
    )


@given(n=st.integers(1, 40), epochs=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
def test_each_epoch_sees_every_window_once_in_an_order_of_its_own(
    n: int, epochs: int, seed: int
) -> None:
    orders = epoch_orders(n, Training(epochs=epochs), seed)
    assert orders.shape == (epochs, n)
    assert (np.sort(orders, axis=1) == np.arange(n)).all()
    np.testing.assert_array_equal(orders, epoch_orders(n, Training(epochs=epochs), seed))
    in_order = epoch_orders(n, Training(epochs=epochs, shuffle=False), seed)
    assert (in_order == np.arange(n)).all()


def test_orders_differ_between_epochs_and_seeds() -> None:
    orders = epoch_orders(50, Training(epochs=3), 7)
    assert len({order.tobytes() for order in orders}) == 3
    assert not np.array_equal(orders, epoch_orders(50, Training(epochs=3), 8))


def test_no_two_layers_draw_the_same_numbers() -> None:
    assert len(set(layer_seeds(7, 3) + layer_seeds(8, 3))) == 6
