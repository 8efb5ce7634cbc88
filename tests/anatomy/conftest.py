"""Networks with different weights in every gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lstm_ops.models.network import load_keras

Build = Callable[..., Any]


@pytest.fixture
def recurrent() -> Build:
    """`recurrent((steps, features), *units, dense=…)`: LSTM layers, then Dense layers."""

    def build(
        shape: tuple[int, int],
        *units: int,
        dense: tuple[int, ...] = (1,),
        sequences: bool = False,
        seed: int = 0,
        **settings: Any,
    ) -> Any:
        keras = load_keras()
        last = len(units) - 1
        lstms = [
            keras.layers.LSTM(n, return_sequences=sequences or k < last, **settings)
            for k, n in enumerate(units)
        ]
        denses = [keras.layers.Dense(n, activation="tanh") for n in dense[:-1]]
        model = keras.Sequential(
            [keras.Input(shape), *lstms, *denses, keras.layers.Dense(dense[-1])]
        )
        scramble(model, seed)
        return model

    return build


def scramble(model: Any, seed: int) -> None:
    """Every weight another one, every block of its own size: no two gates can be mistaken."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0.1, 0.7, w.shape) for w in model.get_weights()])


@pytest.fixture
def windows() -> Callable[..., Any]:
    """`windows((steps, features), n)`: scaled windows."""
    return lambda shape, n=40: np.random.default_rng(5).uniform(-1, 1.5, (n, *shape))
