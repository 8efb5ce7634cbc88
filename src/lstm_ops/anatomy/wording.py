"""Sentences and short forms that the table, the page and the figures share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_ops.anatomy.dimensions import Variable
from lstm_ops.anatomy.explanation import SPREAD, Explanation
from lstm_ops.anatomy.learned import Memory

MOST = 0.9  # of the summed mean |∂y/∂x|, to say how far back the forecast looks


@dataclass(frozen=True)
class Check:
    """One way to the same output. `difference` is None where the way does not exist."""

    name: str
    difference: float | None
    meaning: str


def number(value: float | None) -> str:
    """Four digits, enough to follow the arithmetic by hand."""
    return "–" if value is None else f"{value:.4g}"


def shape(sizes: Sequence[int | str]) -> str:
    """As NumPy prints it: (1, 16), (16,)."""
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"


def line(slope_and_intercept: tuple[float, float]) -> str:
    """`y = 0.99 x + 0.1`."""
    slope, intercept = slope_and_intercept
    sign = "-" if intercept < 0 else "+"
    return f"y = {number(slope)} x {sign} {number(abs(intercept))}"


def count(how_many: int, what: str) -> str:
    """`1 unit`, `4 units`."""
    return f"{how_many} {what}{'' if how_many == 1 else 's'}"


def blocks(variable: Variable) -> str:
    """The gates in the order of their columns: `i f g o, 4 each`."""
    if not variable.blocks:
        return "–"
    first = variable.blocks[0]
    return f"{' '.join(b.gate for b in variable.blocks)}, {first.stop - first.start} each"


def live(explanation: Explanation, variable: Variable) -> int:
    """How many of the variable's entries can move."""
    return int(explanation.live[variable.path].sum())


def moving(explanation: Explanation) -> int:
    """How many parameters had a gradient on these windows."""
    return int(sum(mask.sum() for mask in explanation.moving.values()))


def why_inert(explanation: Explanation) -> str:
    """Empty where every parameter can move."""
    if explanation.alive == explanation.total:
        return ""
    return (
        "with one time step the state before it is zero, and the recurrent kernel and the forget "
        "gate only ever multiply that zero"
    )


def totals(explanation: Explanation) -> str:
    """The count of parameters, and why some of them can never move."""
    total, alive = explanation.total, explanation.alive
    reason = why_inert(explanation)
    if not reason:
        return f"{total} parameters, all live"
    return f"{total} parameters: {alive} live, {total - alive} can never move, because {reason}"


def seen(explanation: Explanation) -> str:
    """Whether Keras's gradients say the same as the structure, parameter by parameter."""
    windows = min(len(explanation.subject.windows), SPREAD)
    agree = all(
        np.array_equal(explanation.live[path], mask) for path, mask in explanation.moving.items()
    )
    if agree:
        return f"Keras's gradients on {windows} windows are nonzero for exactly these."
    return (
        f"Keras's gradients on {windows} windows are nonzero for {moving(explanation)}: the others "
        "that could move had no gradient on any of these windows."
    )


def reach(memory: Memory, share: float = MOST) -> int:
    """The fewest last values that make up `share` of the summed mean |∂y/∂x|."""
    weight = np.cumsum([lag.mean for lag in memory.lags])
    return int(np.searchsorted(weight, share * weight[-1])) + 1


def looks_back(explanation: Explanation) -> str:
    """How far back the forecast looks, in one sentence."""
    lags = explanation.memory.lags
    if len(lags) == 1:
        return "The forecast sees one value, the last one, and nothing before it."
    if not any(lag.mean for lag in lags):
        return f"None of the {len(lags)} values of a window changes the forecast."
    last = reach(explanation.memory)
    return (
        f"Of all that a change of its {len(lags)} inputs does to the forecast (mean |∂y/∂x|), "
        f"{MOST:.0%} comes from the last {last}."
    )


def target(explanation: Explanation) -> float | None:
    """What came after the traced window, one step ahead, in the subject's unit, if known."""
    subject = explanation.subject
    if subject.targets is None:
        return None
    return float(subject.scaling.invert(subject.targets[explanation.window]))


def finding(explanation: Explanation) -> str:
    """How many of the parameters can move, and how far back the forecast looks."""
    total, alive = explanation.total, explanation.alive
    if not explanation.network.lstms:
        memory = "It is a feedforward net, without a state."
    elif alive < total:
        memory = "With one time step it is a feedforward net; its memory is never used."
    else:
        memory = f"Its state passes through {explanation.network.steps} time steps."
    can = f"All {total} parameters can move." if alive == total else ""
    can = can or f"{alive} of its {total} parameters can move; the other {total - alive} never do."
    return f"{can} {memory} {looks_back(explanation)}"


def checks(explanation: Explanation) -> tuple[Check, ...]:
    """What was compared with Keras's own output, and what it means."""
    proof = explanation.proof
    return (
        Check("equations in NumPy", proof.numpy, "the equations are what Keras computes"),
        Check(
            "feedforward twin",
            proof.twin,
            "one time step of an LSTM is a feedforward net of the live parameters alone"
            if proof.twin is not None
            else "there is one only for an LSTM that sees a single time step",
        ),
        Check(
            "unrolled net",
            proof.unrolled,
            "written out over its time steps it is a feedforward net with shared weights"
            if explanation.network.lstms
            else "built again from its own arrays it answers the same",
        ),
    )
