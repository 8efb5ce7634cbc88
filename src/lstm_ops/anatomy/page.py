"""An explanation as one HTML page that needs nothing but itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup

from lstm_ops.anatomy import equations, figures, walk, wording
from lstm_ops.anatomy.explanation import Explanation
from lstm_ops.anatomy.network import Lstm
from lstm_ops.anatomy.twin import twin_weights
from lstm_ops.evaluation.html import template

TEMPLATE = "explanation.html.jinja"
FOLDED_FROM = 9  # time steps


def page(explanation: Explanation) -> str:
    """All sections, figures as inline SVG."""
    drawn = {
        name: Markup(figures.svg(figure, name))  # made here, labels escaped
        for name, figure in figures.all_figures(explanation).items()
    }
    content = {
        "e": explanation,
        "network": explanation.network,
        "subject": explanation.subject,
        "w": wording,
        "drawn": drawn,
        "layers": _layers(explanation),
        "cell": explanation.network.lstms[0] if explanation.network.lstms else None,
        "equations": _equations(explanation),
        "walks": walk.walks(explanation),
        "in_units_of_y": walk.in_units_of_y(explanation),
        "folded": explanation.network.steps >= FOLDED_FROM,
        "rounding": float(np.finfo(np.float32).eps),
        "twin": _twin(explanation),
        "half_lives": _half_lives(explanation),
    }
    return str(
        template("lstm_ops.anatomy", TEMPLATE, number=wording.number, shape=wording.shape).render(
            content
        )
    )


def _layers(explanation: Explanation) -> list[str]:
    return [
        f"{'LSTM' if isinstance(layer, Lstm) else 'Dense'} “{layer.name}” "
        f"({wording.count(layer.units, 'unit')})"
        for layer in explanation.network.layers
    ]


def _equations(explanation: Explanation) -> tuple[equations.Equation, ...]:
    lstms = explanation.network.lstms
    return (*(equations.cell(lstms[0]) if lstms else ()), *equations.dense(explanation))


def _twin(explanation: Explanation) -> dict[str, Any] | None:
    """The twin's layers with their shapes; together they hold the live parameters."""
    network = explanation.network
    if explanation.proof.twin is None:
        return None
    layers = [
        {
            "name": name,
            "shapes": ", ".join(wording.shape(array.shape) for array in arrays),
            "count": sum(array.size for array in arrays),
        }
        for name, arrays in twin_weights(network).items()
    ]
    total = sum(int(str(layer["count"])) for layer in layers)
    return {"layers": layers, "count": total, "math": equations.twin(network.lstms[0])}


def _half_lives(explanation: Explanation) -> list[dict[str, Any]]:
    """By layer: shortest, median and longest."""
    return [
        {
            "layer": layer,
            "units": len(lives),
            "shortest": min(lives),
            "median": float(np.median(lives)),
            "longest": max(lives),
        }
        for layer, lives in explanation.memory.half_lives.items()
    ]
