"""The contract of the JSON form: the keys that people script against, and their values."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lstm_ops.anatomy.as_json import as_dict
from lstm_ops.anatomy.explanation import Subject, explain
from lstm_ops.data.scaling import Scaling
from lstm_ops.experiment import LstmSpec
from lstm_ops.models import lstm

pytestmark = pytest.mark.usefixtures("home")
Build = Callable[..., Any]


def as_read_back(model: Any, x: Any, targets: Any = None) -> dict[str, Any]:
    subject = Subject("a title", "a source", "some data", x, targets, Scaling(2.0, 3.0))
    content = as_dict(explain(model, subject))
    read: dict[str, Any] = json.loads(json.dumps(content, allow_nan=False))
    assert read == content
    return read


def test_four_units_and_one_step(windows: Build) -> None:
    x = windows((1, 1))
    model = lstm.build((1, 1), 1, LstmSpec(kind="lstm", units=4), seed=1)
    content = as_read_back(model, x, x[:, 0, 0])
    assert content["parameters"] == {"total": 101, "live": 29, "inert": 72, "moving": 29}
    kernel, recurrent, *_ = content["variables"]
    assert kernel["name"] == "lstm/kernel"
    assert kernel["shape"] == [1, 16]
    assert kernel["axes"] == ["features", "4 units"]
    assert kernel["blocks"][1] == {"gate": "f", "start": 4, "stop": 8}
    assert (kernel["count"], kernel["live"]) == (16, 12)
    assert kernel["formula"] == "features · 4 units = 1 · 4 · 4 = 16"
    assert (recurrent["count"], recurrent["live"]) == (64, 0)
    assert content["proof"]["windows"] == len(x)
    for way in ("numpy", "twin", "unrolled"):
        assert content["proof"][f"{way}_max_abs_difference"] < 1e-6
    assert content["memory"]["half_lives"] == {}
    assert content["memory"]["lags"][0].keys() == {"lag", "mean", "largest"}
    assert content["curve"].keys() == {"x", "y", "line", "low", "high"}
    assert len(content["reductions"]) == 5
    assert [layer["kind"] for layer in content["network"]["layers"]] == ["lstm", "dense"]
    assert {"title", "source", "data", "flows", "layouts"} <= content.keys()


def test_the_traced_window_can_be_followed_step_by_step(recurrent: Build, windows: Build) -> None:
    x = windows((5, 2))
    model = recurrent((5, 2), 3)
    content = as_read_back(model, x)
    assert content["curve"] is None
    assert content["proof"]["twin_max_abs_difference"] is None
    window = content["window"]
    assert window["number"] == len(x) // 2
    first, dense = window["layers"]
    before = np.zeros(3)
    for number, step in enumerate(first["steps"], start=1):
        assert step["step"] == number
        assert len(step["z"]) == 12
        i, f, g, o, c, h = (np.array(step[symbol]) for symbol in "ifgoch")
        np.testing.assert_allclose(c, f * before + i * g)
        np.testing.assert_allclose(h, o * np.tanh(c))
        before = c
    assert first["steps"][-1]["h"] == first["y"] == dense["x"]
    answer = np.asarray(model(x[window["number"]][np.newaxis].astype("float32")))[0]
    np.testing.assert_allclose(window["forecast"], answer * 3.0 + 2.0, rtol=1e-5)
    assert window["target"] is None


def test_what_is_not_finite_becomes_null(recurrent: Build, windows: Build) -> None:
    model = recurrent((6, 1), 2)
    weights = model.get_weights()
    weights[2][2:4] = 100.0  # the forget gates stay open: what a cell holds it never loses
    model.set_weights(weights)
    content = as_read_back(model, windows((6, 1)))
    assert list(content["memory"]["half_lives"].values()) == [[None, None]]
