"""Everything there is to say about one fitted network, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_ops.anatomy import dimensions, learned, liveness, reductions
from lstm_ops.anatomy.dimensions import Flow, LayoutChoice, Variable
from lstm_ops.anatomy.forward import LayerTrace, forward
from lstm_ops.anatomy.learned import Curve, Memory
from lstm_ops.anatomy.liveness import Masks
from lstm_ops.anatomy.network import Network, read
from lstm_ops.anatomy.proof import Proof, prove
from lstm_ops.anatomy.reductions import Reduction
from lstm_ops.data.scaling import Scaling
from lstm_ops.data.series import FloatArray
from lstm_ops.errors import InvalidInput

if TYPE_CHECKING:
    import keras

SPREAD = 256  # windows, spread over all, for gradients
STRETCH = 150  # windows in a row, for what the gates do over time


@dataclass(frozen=True)
class Subject:
    """A network's windows and where it comes from.

    windows: (n, *input shape) scaled, in order of time; targets: (n,) scaled, the first step
    ahead, or None where they are not known. `source` and `data` are sentences for people, `unit`
    says what `scaling` leads back to.
    """

    title: str
    source: str
    data: str
    windows: FloatArray
    targets: FloatArray | None
    scaling: Scaling
    unit: str = "units of y"


@dataclass(frozen=True)
class Explanation:
    """What is shown, whatever the form: table, page, figures or JSON.

    `trace` is the forward pass of window `window`, n being 1. `gates`: by layer and gate (n, units)
    over the `stretch` of windows given as first and last but one. `curve` is there for networks of
    one input and one output.
    """

    subject: Subject
    network: Network
    variables: tuple[Variable, ...]
    flows: tuple[Flow, ...]
    layouts: tuple[LayoutChoice, ...]
    live: Masks
    moving: Masks
    proof: Proof
    window: int
    trace: tuple[LayerTrace, ...]
    memory: Memory
    gates: dict[str, dict[str, FloatArray]]
    stretch: tuple[int, int]
    curve: Curve | None
    reductions: tuple[Reduction, ...]

    @property
    def total(self) -> int:
        """All trainable parameters."""
        return sum(variable.count for variable in self.variables)

    @property
    def alive(self) -> int:
        """Parameters that can ever move."""
        return liveness.count(self.live)


def explain(model: keras.Model, subject: Subject, window: int | None = None) -> Explanation:
    """Read, run, prove and measure. `window` counts from 0; the middle one where left out.

    Raises `UnsupportedModel` for a network that is not known here.
    """
    windows = subject.windows
    network = read(model, steps=windows.shape[1])
    chosen = _chosen(window, len(windows))
    spread = windows[np.linspace(0, len(windows) - 1, min(len(windows), SPREAD)).astype(int)]
    first = max(0, min(chosen - STRETCH // 2, len(windows) - STRETCH))
    stretch = windows[first : first + STRETCH]
    curve = _curve(network, subject)
    return Explanation(
        subject=subject,
        network=network,
        variables=dimensions.variable_table(network),
        flows=dimensions.flow_table(network),
        layouts=_layouts(network),
        live=liveness.live_by_structure(network),
        moving=liveness.live_by_gradient(model, network, spread),
        proof=prove(model, network, windows),
        window=chosen,
        trace=forward(network, windows[chosen : chosen + 1]),
        memory=learned.memory(model, network, spread),
        gates=learned.gates(network, stretch),
        stretch=(first, first + len(stretch)),
        curve=curve,
        reductions=_reductions(curve),
    )


def _chosen(window: int | None, count: int) -> int:
    chosen = count // 2 if window is None else window
    if not 0 <= chosen < count:
        raise InvalidInput(f"there is no window {chosen}; there are {count}, counted from 0")
    return chosen


def _layouts(network: Network) -> tuple[LayoutChoice, ...]:
    if not network.lstms:
        return ()
    return dimensions.layout_choices(network.lstms[0], int(np.prod(network.input_shape)))


def _curve(network: Network, subject: Subject) -> Curve | None:
    one_to_one = int(np.prod(network.input_shape)) == 1 and network.layers[-1].units == 1
    if not one_to_one or subject.targets is None:
        return None
    scaling = subject.scaling
    return learned.curve(network, subject.windows, subject.targets, scaling.offset, scaling.scale)


def _reductions(curve: Curve | None) -> tuple[Reduction, ...]:
    """The line is the one fitted to the training windows, where there is one to be had."""
    if curve is None:
        return reductions.reductions((1.0, 0.0), -1.0, 1.0)
    return reductions.reductions(curve.line, curve.low, curve.high)
