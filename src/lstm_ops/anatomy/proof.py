"""Three ways to the same numbers: Keras's layer, the equations by hand, and feedforward nets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_ops.anatomy.forward import output
from lstm_ops.anatomy.network import Network
from lstm_ops.anatomy.twin import build_twin
from lstm_ops.anatomy.unrolled import build_unrolled
from lstm_ops.data.series import FloatArray

if TYPE_CHECKING:
    import keras

PROOF_WINDOWS = 64


@dataclass(frozen=True)
class Proof:
    """Largest absolute differences from Keras's own output, in scaled units.

    `twin` is None where there is more than one time step, or no LSTM at all.
    """

    windows: int
    numpy: float
    twin: float | None
    unrolled: float


def prove(model: keras.Model, network: Network, inputs: FloatArray) -> Proof:
    """Compare on windows spread over `inputs` (n, *network.input_shape), scaled."""
    chosen = np.linspace(0, len(inputs) - 1, min(len(inputs), PROOF_WINDOWS)).astype(int)
    windows = inputs[chosen]
    expected = _answer(model, windows)

    def difference(values: FloatArray) -> float:
        return float(np.max(np.abs(values - expected)))

    has_twin = network.steps == 1 and bool(network.lstms)
    return Proof(
        windows=len(windows),
        numpy=difference(output(network, windows)),
        twin=difference(_answer(build_twin(network), windows)) if has_twin else None,
        unrolled=difference(_answer(build_unrolled(network), windows)),
    )


def _answer(model: keras.Model, windows: FloatArray) -> FloatArray:
    return np.asarray(model(windows.astype(model.compute_dtype), training=False), dtype=np.float64)
