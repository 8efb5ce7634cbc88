"""docs/lstm-explained.md, written anew from the tutorial's fitted network.

python -m lstm_ops.anatomy.document            writes the page and its drawings
python -m lstm_ops.anatomy.document --train    first fits the network again

The network lies beside the page, docs/lstm-explained/tutorial.keras, so that the page's figures are
the same on every machine; fitting again may differ in the last digits.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_ops import experiment, project
from lstm_ops.anatomy import files, subjects
from lstm_ops.anatomy.explanation import Explanation, Subject, explain
from lstm_ops.anatomy.forward import LstmTrace, output
from lstm_ops.anatomy.network import Lstm
from lstm_ops.data.contract import check_series
from lstm_ops.data.scaling import Scaling, fit_scaling
from lstm_ops.data.series import FloatArray
from lstm_ops.data.sources import load_raw
from lstm_ops.data.windows import Parts, Windows, split
from lstm_ops.evaluation.metrics import rmse

if TYPE_CHECKING:
    import keras

EXPERIMENT = "tutorial"
SEED = 7
STEPS = 3  # of the same cell, to show what one time step leaves out
PAGE = "docs/lstm-explained.md"
FOLDER = "docs/lstm-explained"
TEMPLATE = "lstm-explained.md.jinja"
FIGURES = {"one": ("cell", "live_parameters", "curve"), "several": ("unrolled",)}


@dataclass(frozen=True)
class Tutorial:
    """The tutorial's network and data, and all that the page says of them."""

    model: keras.Model
    parts: Parts
    scaling: Scaling

    @cached_property
    def one(self) -> Explanation:
        """The network as it was fitted: one time step."""
        source = "experiments/tutorial.yaml, seed 7"
        subject = subjects.of_training(
            "tutorial", source, self.parts.train, self.scaling, "features"
        )
        return explain(self.model, subject)

    @cached_property
    def several(self) -> Explanation:
        """The same cell, its weights as they are, over several time steps."""
        values = self.scaling.apply(self.parts.train_values)
        rows = np.lib.stride_tricks.sliding_window_view(values, STEPS + 1)
        windows = rows[:, :-1, np.newaxis]  # (n, STEPS, 1)
        subject: Subject = replace(self.one.subject, windows=windows, targets=rows[:, -1])
        return explain(_over(self.model, STEPS), subject)

    @property
    def lstm(self) -> Lstm:
        """The recurrent layer."""
        return self.one.network.lstms[0]

    @property
    def trace(self) -> LstmTrace:
        """What happened in it on the window that the page goes through."""
        trace = self.one.trace[0]
        assert isinstance(trace, LstmTrace)
        return trace

    def errors(self, windows: Windows) -> dict[str, float]:
        """RMSE of last value, fitted line and network, in units of y."""
        assert self.one.curve is not None
        slope, intercept = self.one.curve.line
        last = windows.inputs[:, -1:]
        return {
            "persistence": rmse(windows.targets, last),
            "line": rmse(windows.targets, slope * last + intercept),
            "lstm": rmse(windows.targets, self.answer(last)),
        }

    def answer(self, x: FloatArray) -> FloatArray:
        """The network's forecast in units of y for last values x (n, 1)."""
        scaled = output(self.one.network, self.scaling.apply(x).reshape(-1, 1, 1))
        return self.scaling.invert(scaled)

    def far_away(self) -> float:
        """Where the forecast ends up as x grows without bound, in units of y."""
        return float(self.answer(np.array([[1e9]]))[0, 0])

    def test_windows(self) -> tuple[Windows, Windows]:
        """Those whose last value lies in the range of training, and those above it."""
        assert self.one.curve is not None
        above = self.parts.test.inputs[:, -1] > self.one.curve.high
        return self.parts.test[~above], self.parts.test[above]


def render(tutorial: Tutorial) -> str:
    """The page's text. Raises `AssertionError` where one of its proofs does not hold."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    proof, unrolled = tutorial.one.proof, tutorial.several.proof
    assert proof.twin is not None
    assert max(proof.numpy, proof.twin, proof.unrolled, unrolled.numpy, unrolled.unrolled) <= 1e-6
    # Markdown for people who open the repository: nothing in it comes from outside.
    environment = Environment(
        loader=PackageLoader("lstm_ops.anatomy"), undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"signed": lambda value: f"{value:+.4f}".replace("-", "−")}
    return environment.get_template(TEMPLATE).render(t=tutorial, **_figures_of(tutorial))


def load(root: Path) -> Tutorial:
    """The network that lies beside the page, and the tutorial's data."""
    return _with(files.load(root / FOLDER / "tutorial.keras"))


def fit() -> Tutorial:
    """The tutorial's LSTM, fitted anew."""
    from lstm_ops.models import catalog
    from lstm_ops.models.forecaster import ignore_epochs
    from lstm_ops.models.network import FittedNetwork

    recipe = experiment.load(EXPERIMENT)
    spec = next(spec for spec in recipe.forecasters if spec.kind == "lstm")
    parts, scaling = _data()
    inputs, targets = (scaling.apply(a) for a in (parts.train.inputs, parts.train.targets))
    forecaster = catalog.create(spec, recipe)
    fitted = forecaster.fit(inputs, targets, seed=SEED, on_epoch=ignore_epochs)
    assert isinstance(fitted, FittedNetwork)
    return _with(fitted.network)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page, its drawings and, if asked, the network."""
    parser = argparse.ArgumentParser(prog="python -m lstm_ops.anatomy.document")
    parser.add_argument("--train", action="store_true", help="fit the network again first")
    options = parser.parse_args(arguments)
    root = project.root()
    if options.train:
        fit().model.save(root / FOLDER / "tutorial.keras", include_optimizer=False)
    tutorial = load(root)
    (root / PAGE).write_text(render(tutorial), encoding="utf-8")
    _draw(tutorial, root / FOLDER)


def _draw(tutorial: Tutorial, folder: Path) -> None:
    from lstm_ops.anatomy import figures

    for of, names in FIGURES.items():
        drawn = figures.all_figures(getattr(tutorial, of))
        for name in names:
            text = figures.svg(drawn[name])
            (folder / f"{name}.svg").write_text(text, encoding="utf-8")


def _data() -> tuple[Parts, Scaling]:
    recipe = experiment.load(EXPERIMENT)
    series = check_series(load_raw(recipe))
    parts = split(series.values, recipe.split, recipe.window, recipe.series)
    return parts, fit_scaling(recipe.scaling, parts.train_values)


def _with(model: keras.Model) -> Tutorial:
    parts, scaling = _data()
    return Tutorial(model, parts, scaling)


def _over(model: keras.Model, steps: int) -> keras.Model:
    """The same layers with the same weights, for windows of more time steps."""
    from lstm_ops.models.network import load_keras

    config = model.get_config()
    config["layers"][0]["config"]["batch_shape"] = (None, steps, 1)
    for layer in config["layers"]:
        layer.pop("build_config", None)
    config.pop("build_input_shape", None)
    longer = load_keras().Sequential.from_config(config)
    longer.set_weights(model.get_weights())
    return longer


def _figures_of(tutorial: Tutorial) -> dict[str, Any]:
    """What the template needs besides the explanations. Raises where its prose would be wrong."""
    within, above = tutorial.test_windows()
    errors = {"train": tutorial.parts.train, "test": tutorial.parts.test}
    rows = errors | {"within": within, "above": above}
    figures = {name: tutorial.errors(windows) for name, windows in rows.items()}
    assert all(row["line"] < row["lstm"] for row in figures.values())
    assert set(_forget_biases(tutorial.lstm)) == {1.0}
    steps = _steps(tutorial.several)
    assert all(step["f"] > 0.5 for step in steps)
    return {
        **figures,
        "units": _units(tutorial),
        "steps": steps,
        "frozen": {"forget_bias": sorted(set(_forget_biases(tutorial.lstm)))},
        "far": tutorial.far_away(),
        "share": len(above) / len(tutorial.parts.test),
    }


def _units(tutorial: Tutorial) -> list[dict[str, float]]:
    """A row a unit: its gates on the page's window, and its share of the forecast."""
    trace = tutorial.trace
    weights = tutorial.one.network.layers[-1].kernel[:, 0]
    values = {name: getattr(trace, name)[0, 0] for name in ("i", "g", "c", "o", "h")}
    return [
        {"unit": unit, **{name: value[unit] for name, value in values.items()}, "v": weights[unit]}
        for unit in range(len(weights))
    ]


def _steps(explanation: Explanation) -> list[dict[str, Any]]:
    """A row a time step of the longer window: what comes in, and the first unit's values."""
    trace = explanation.trace[0]
    assert isinstance(trace, LstmTrace)
    names = ("f", "i", "g", "c", "o", "h")
    return [
        {"t": t + 1, "x": trace.x[0, t, 0], **{n: getattr(trace, n)[0, t, 0] for n in names}}
        for t in range(trace.x.shape[1])
    ]


def _forget_biases(layer: Lstm) -> list[float]:
    """One a unit; Keras starts them at 1."""
    assert layer.bias is not None
    biases: list[float] = layer.bias[layer.units : 2 * layer.units].tolist()
    return biases


if __name__ == "__main__":
    main()
