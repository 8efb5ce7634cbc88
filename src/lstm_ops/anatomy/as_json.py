"""An explanation as plain values, for scripts."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from lstm_ops.anatomy import wording
from lstm_ops.anatomy.dimensions import Variable
from lstm_ops.anatomy.explanation import Explanation
from lstm_ops.anatomy.forward import LayerTrace, LstmTrace
from lstm_ops.anatomy.network import Layer, Lstm

IN_A_STEP = ("x", "z", "i", "f", "g", "o", "c", "h")


def as_dict(explanation: Explanation) -> dict[str, Any]:
    """Everything but the gates' activity. Numbers that are not finite become None."""
    subject, memory = explanation.subject, explanation.memory
    content = {
        "title": subject.title,
        "source": subject.source,
        "data": subject.data,
        "network": _network(explanation),
        "parameters": _parameters(explanation),
        "variables": [_variable(explanation, variable) for variable in explanation.variables],
        "flows": [asdict(flow) for flow in explanation.flows],
        "layouts": [asdict(layout) for layout in explanation.layouts],
        "proof": _proof(explanation),
        "window": _window(explanation),
        "memory": {
            "lags": [asdict(lag) for lag in memory.lags],
            "half_lives": memory.half_lives,
        },
        "curve": _curve(explanation),
        "reductions": [asdict(reduction) for reduction in explanation.reductions],
    }
    plain: dict[str, Any] = _plain(content)
    return plain


def _network(explanation: Explanation) -> dict[str, Any]:
    network = explanation.network
    return {
        "name": network.name,
        "input_shape": network.input_shape,
        "layers": [_layer(layer) for layer in network.layers],
    }


def _layer(layer: Layer) -> dict[str, Any]:
    common = {"name": layer.name, "features": layer.features, "units": layer.units}
    if isinstance(layer, Lstm):
        return {
            "kind": "lstm",
            **common,
            "activation": layer.activation,
            "recurrent_activation": layer.recurrent_activation,
            "return_sequences": layer.return_sequences,
        }
    return {"kind": "dense", **common, "activation": layer.activation}


def _parameters(explanation: Explanation) -> dict[str, int]:
    return {
        "total": explanation.total,
        "live": explanation.alive,
        "inert": explanation.total - explanation.alive,
        "moving": wording.moving(explanation),
    }


def _variable(explanation: Explanation, variable: Variable) -> dict[str, Any]:
    content = asdict(variable)
    del content["layer"]
    return {**content, "name": variable.path, "live": wording.live(explanation, variable)}


def _proof(explanation: Explanation) -> dict[str, Any]:
    proof = explanation.proof
    return {
        "windows": proof.windows,
        "numpy_max_abs_difference": proof.numpy,
        "twin_max_abs_difference": proof.twin,
        "unrolled_max_abs_difference": proof.unrolled,
    }


def _window(explanation: Explanation) -> dict[str, Any]:
    """The traced window. `forecast` and `target` are in its `unit`, all else is scaled."""
    subject, last = explanation.subject, explanation.trace[-1].y[0]
    return {
        "number": explanation.window,
        "unit": subject.unit,
        "layers": [_trace(trace) for trace in explanation.trace],
        "forecast": subject.scaling.invert(last),
        "target": wording.target(explanation),
    }


def _trace(trace: LayerTrace) -> dict[str, Any]:
    if not isinstance(trace, LstmTrace):
        return {"layer": trace.layer.name, "x": trace.x[0], "z": trace.z[0], "y": trace.y[0]}
    steps = [
        {"step": t + 1, **{symbol: getattr(trace, symbol)[0, t] for symbol in IN_A_STEP}}
        for t in range(trace.x.shape[1])
    ]
    return {"layer": trace.layer.name, "steps": steps, "y": trace.y[0]}


def _curve(explanation: Explanation) -> dict[str, Any] | None:
    curve = explanation.curve
    if curve is None:
        return None
    slope, intercept = curve.line
    line = {"slope": slope, "intercept": intercept}
    return {"x": curve.x, "y": curve.y, "line": line, "low": curve.low, "high": curve.high}


def _plain(value: Any) -> Any:
    """Nested dicts, lists, str, int, float and None, nothing else."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
