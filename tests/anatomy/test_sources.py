"""Files and windows: what is refused, and in which words; nothing foreign is ever built."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstm_ops.anatomy import files, subjects
from lstm_ops.anatomy import network as networks
from lstm_ops.anatomy.explanation import explain
from lstm_ops.data.raw import RawSeries
from lstm_ops.data.scaling import Scaling
from lstm_ops.data.windows import Windows
from lstm_ops.errors import InvalidInput, InvalidSeries, SeriesTooShort, UnsupportedModel
from lstm_ops.experiment import SeasonalLags
from lstm_ops.models.network import load_keras
from lstm_ops.models.view import View

pytestmark = pytest.mark.usefixtures("home")
Build = Callable[..., Any]


def saved(layers: list[Any], path: Path) -> Path:
    load_keras().Sequential(layers).save(path)
    return path


def test_a_file_comes_back_as_it_was(recurrent: Build, tmp_path: Path) -> None:
    model = recurrent((3, 1), 2)
    model.save(tmp_path / "net.keras")
    again = files.load(tmp_path / "net.keras")
    assert networks.read(again).input_shape == (3, 1)
    for ours, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_other_layers_are_named_before_anything_is_built(tmp_path: Path) -> None:
    layers = load_keras().layers
    convolution = layers.Conv1D(2, 3, name="filter")
    path = saved([load_keras().Input((8, 1)), convolution, layers.LSTM(2)], tmp_path / "c.keras")
    with pytest.raises(UnsupportedModel, match=r"'filter' of .* is of kind Conv1D") as refusal:
        files.load(path)
    assert "LSTM and Dense" in str(refusal.value)
    assert refusal.value.exit_status == 2


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    keras = load_keras()
    witness = tmp_path / "witness"
    source = f"(lambda x: (open({str(witness)!r}, 'w'), x)[1])"
    path = saved([keras.Input((1,)), keras.layers.Dense(1)], tmp_path / "bad.keras")
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(content["config.json"])
    config["config"]["layers"][1] |= {
        "class_name": "Lambda",
        "config": {"name": "code", "function": {"class_name": "__lambda__", "config": source}},
    }
    content["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    with pytest.raises(UnsupportedModel, match=r"'code' of .* is of kind Lambda"):
        files.load(path)
    assert not witness.exists()


@pytest.mark.parametrize("content", [b"", b"PK nonsense", b"{}"])
def test_what_is_no_keras_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    with pytest.raises(InvalidInput, match="no such file"):
        files.load(path)
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"is not a \.keras file"):
        files.load(path)


def test_settings_and_wirings_that_are_not_known() -> None:
    keras = load_keras()
    window = keras.Input((4, 1))
    backwards = keras.layers.LSTM(2, go_backwards=True)(window)
    with pytest.raises(UnsupportedModel, match="go_backwards=True"):
        networks.read(keras.Model(window, backwards))
    both = keras.layers.LSTM(1, return_sequences=True)(window)
    shared = keras.layers.Dense(1)
    with pytest.raises(UnsupportedModel, match=r"outputs|does not follow"):
        networks.read(keras.Model(window, [shared(both), shared(shared(both))]))
    twice = keras.layers.Dense(1)(keras.layers.Add()([both, both]))
    with pytest.raises(UnsupportedModel, match="does not follow the one before it alone"):
        networks.read(keras.Model(window, twice))
    with pytest.raises(UnsupportedModel, match="activation 'selu'"):
        networks.read(keras.Sequential([window, keras.layers.Dense(1, activation="selu")]))


def raw(values: list[str]) -> RawSeries:
    return RawSeries("s", None, pd.Series(values), "sales.csv", value_column="sold")


def test_a_file_is_explained_on_any_series_or_on_a_stated_wave(recurrent: Build) -> None:
    model = recurrent((3, 2), 2)
    subject = subjects.of_file(model, "net.keras", raw([str(n) for n in range(20)]))
    assert subject.windows.shape == (14, 3, 2)
    np.testing.assert_allclose(subject.windows[0].ravel() * 19, np.arange(6))
    assert subject.targets is not None
    assert subject.targets[0] * 19 == pytest.approx(6)
    assert "column 'sold' of sales.csv" in subject.data
    wave = subjects.of_wave(model, "net.keras")
    assert "sine wave" in wave.data
    assert explain(model, wave).proof.unrolled <= 1e-6


def test_series_that_will_not_do(recurrent: Build) -> None:
    model = recurrent((3, 2), 2)
    with pytest.raises(SeriesTooShort, match=r"6 points.* at least 7"):
        subjects.of_file(model, "net.keras", raw(["1"] * 6))
    with pytest.raises(InvalidSeries, match="row 2 of column 'sold' is 'x'"):
        subjects.of_file(model, "net.keras", raw(["1", "x", "3"]))
    wave = subjects.of_wave(model, "net.keras")
    with pytest.raises(InvalidInput, match="no window 1000; there are 594"):
        explain(model, wave, window=1000)


@pytest.mark.parametrize(
    ("view", "names"),
    [
        (View(3, difference=True), "difference"),
        (View(2, seasonal_lags=SeasonalLags(season_length=3)), "seasonal_lags"),
    ],
)
def test_an_lstm_that_sees_more_than_values_is_refused_in_words(view: View, names: str) -> None:
    windows = Windows(np.ones((2, 6)), np.ones((2, 1)), np.array([6, 7]))
    with pytest.raises(UnsupportedModel, match=f"'s' was trained with {names}; explained are"):
        subjects.of_training("s", "here", windows, Scaling(5.0, 2.0), "steps", view)


def test_windows_normalised_by_themselves_are_as_the_network_sees_them() -> None:
    inputs = np.arange(12.0).reshape(2, 6) ** 2
    windows = Windows(inputs, inputs[:, -1:] + 1, np.array([6, 7]))
    view = View(3, "last_scale")
    subject = subjects.of_training("s", "here", windows, Scaling(5.0, 2.0), "steps", view)
    assert subject.windows.shape == (2, 3, 1)
    np.testing.assert_allclose(subject.windows[:, -1], 0)
    np.testing.assert_allclose(subject.windows.std(axis=1), 1)
    assert subject.targets is not None
    np.testing.assert_allclose(subject.targets, 1 / inputs[:, 3:].std(axis=1))
    assert (subject.unit, subject.scaling) == ("normalised units", Scaling(0.0, 1.0))
