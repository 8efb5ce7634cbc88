"""The compiled engine takes the steps that `fit` takes, and behaves like it towards callbacks."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_ops.data.series import FloatArray
from lstm_ops.experiment import FeedforwardSpec, LstmSpec, Training
from lstm_ops.models import compiled, feedforward, lstm, programs
from lstm_ops.models.network import epoch_orders, load_keras, train

pytestmark = pytest.mark.usefixtures("home")

N, LOOK_BACK, HORIZON = 75, 5, 3


@pytest.fixture(scope="module")
def data() -> tuple[FloatArray, FloatArray]:
    """inputs (75, 5), targets (75, 3); 75 leaves a remainder of 11 at batch 32."""
    values = np.sin(np.arange(N + LOOK_BACK + HORIZON) / 4)
    rows = np.lib.stride_tricks.sliding_window_view(values, LOOK_BACK + HORIZON)[:N]
    return rows[:, :LOOK_BACK], rows[:, LOOK_BACK:]


def build(kind: str, seed: int = 3) -> Any:
    load_keras()
    if kind == "feedforward":
        return feedforward.build(LOOK_BACK, HORIZON, FeedforwardSpec(kind=kind), seed)
    return lstm.build((LOOK_BACK, 1), HORIZON, LstmSpec(kind="lstm", units=3), seed)


def shaped(kind: str, inputs: FloatArray) -> FloatArray:
    return inputs if kind == "feedforward" else inputs[:, :, np.newaxis]


def fitted(engine: str, kind: str, data: tuple[FloatArray, FloatArray], batch_size: int) -> Any:
    network = build(kind)
    training = Training(epochs=10, batch_size=batch_size, engine=engine)
    effort = train(network, shaped(kind, data[0]), data[1], training, 11, lambda *_: None)
    return network, effort


def flat(network: Any) -> FloatArray:
    return np.concatenate([np.ravel(weights) for weights in network.get_weights()])


@pytest.mark.parametrize("kind", ["lstm", "feedforward"])
@pytest.mark.parametrize("batch_size", [1, 32])
def test_the_weights_the_losses_and_the_optimizer_are_those_of_fit(
    kind: str, batch_size: int, data: tuple[FloatArray, FloatArray]
) -> None:
    (ours, our_effort), (theirs, their_effort) = (
        fitted(engine, kind, data, batch_size) for engine in ("compiled", "fit")
    )
    difference = np.linalg.norm(flat(ours) - flat(theirs)) / np.linalg.norm(flat(theirs))
    assert difference <= 1e-5
    inputs = shaped(kind, data[0]).astype(np.float32)
    np.testing.assert_allclose(ours(inputs), theirs(inputs), atol=1e-6)
    np.testing.assert_allclose(our_effort.losses, their_effort.losses, rtol=1e-4)
    assert our_effort.steps == their_effort.steps
    for mine, his in zip(ours.optimizer.variables, theirs.optimizer.variables, strict=True):
        np.testing.assert_allclose(mine, his, atol=1e-6)


@pytest.fixture
def double_precision() -> Iterator[None]:
    keras = load_keras()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("kind", ["lstm", "feedforward"])
def test_in_double_precision_nothing_tells_the_engines_apart(
    kind: str, data: tuple[FloatArray, FloatArray]
) -> None:
    ours, theirs = (flat(fitted(engine, kind, data, 32)[0]) for engine in ("compiled", "fit"))
    assert ours.dtype == np.float64
    assert np.linalg.norm(ours - theirs) / np.linalg.norm(theirs) <= 1e-13


def compiled_with(
    data: tuple[FloatArray, FloatArray], epochs: int, network: Any, **options: Any
) -> dict[str, list[float]]:
    inputs = shaped("lstm", data[0])
    orders = epoch_orders(60, Training(epochs=epochs), 5)
    network.compile(optimizer=load_keras().optimizers.Adam(0.05), loss="mse")
    batches = programs.batches(inputs[:60], data[1][:60], 16)
    held_out = programs.batches(inputs[60:], data[1][60:], 16)
    return compiled.fit(network, batches, orders, held_out=held_out, **options)


def keras_with(
    data: tuple[FloatArray, FloatArray], epochs: int, network: Any, callbacks: list[Any]
) -> dict[str, list[float]]:
    """Keras's own `fit`, an epoch at a time in the same order, its callbacks kept alive."""
    from lstm_ops.models.network import _batches

    inputs = shaped("lstm", data[0])
    network.compile(optimizer=load_keras().optimizers.Adam(0.05), loss="mse")
    history = network.fit(
        _batches(inputs[:60], data[1][:60], epoch_orders(60, Training(epochs=epochs), 5), 16),
        epochs=epochs,
        steps_per_epoch=4,
        validation_data=(inputs[60:].astype(np.float32), data[1][60:].astype(np.float32)),
        callbacks=callbacks,
        shuffle=False,
        verbose=0,
    )
    losses: dict[str, list[float]] = history.history
    return losses


def test_early_stopping_stops_at_the_same_epoch_and_restores_the_same_weights(
    data: tuple[FloatArray, FloatArray],
) -> None:
    def stopping() -> list[Any]:
        return [load_keras().callbacks.EarlyStopping(patience=2, restore_best_weights=True)]

    ours, theirs = build("lstm"), build("lstm")
    mine = compiled_with(data, 60, ours, callbacks=stopping())
    his = keras_with(data, 60, theirs, stopping())
    assert 3 < len(mine["val_loss"]) == len(his["val_loss"]) < 60
    np.testing.assert_allclose(mine["val_loss"], his["val_loss"], rtol=1e-3)
    np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1e-3, atol=1e-4)
    # The best weights, not the last ones, are what is left.
    left = np.mean((np.asarray(ours(shaped("lstm", data[0])[60:])) - data[1][60:]) ** 2)
    assert left == pytest.approx(min(mine["val_loss"]), rel=1e-5)


def test_a_learning_rate_that_a_callback_changes_is_obeyed(
    data: tuple[FloatArray, FloatArray],
) -> None:
    keras = load_keras()
    network = build("lstm")
    seen: list[Any] = []
    stop_learning = keras.callbacks.LearningRateScheduler(lambda epoch: 0.0 if epoch > 1 else 0.05)
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: seen.append(flat(network)))
    compiled_with(data, 4, network, callbacks=[stop_learning, watch])
    assert not np.array_equal(seen[0], seen[1])
    assert np.array_equal(seen[1], seen[3])


def test_a_schedule_of_learning_rates_is_that_of_fit(data: tuple[FloatArray, FloatArray]) -> None:
    keras = load_keras()
    inputs, orders = shaped("lstm", data[0]), epoch_orders(N, Training(epochs=3), 5)
    results = []
    for engine in ("compiled", "fit"):
        network = build("lstm")
        decay = keras.optimizers.schedules.ExponentialDecay(0.05, 4, 0.5)
        network.compile(optimizer=keras.optimizers.Adam(decay), loss="mse")
        if engine == "compiled":
            compiled.fit(network, programs.batches(inputs, data[1], 25), orders)
        else:
            from lstm_ops.models.network import Lesson, _fit

            lesson = Lesson(inputs, data[1])
            _fit(network, lesson, orders, Training(epochs=3, batch_size=25), lambda *_: None)
        results.append(flat(network))
    np.testing.assert_allclose(*results, atol=1e-5)


def test_training_goes_on_from_a_saved_file(
    data: tuple[FloatArray, FloatArray], tmp_path: Path
) -> None:
    keras = load_keras()
    whole, half = build("lstm"), build("lstm")
    inputs, orders = shaped("lstm", data[0]), epoch_orders(N, Training(epochs=6), 5)
    for network in (whole, half):
        network.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    batches = programs.batches(inputs, data[1], 8)
    compiled.fit(whole, batches, orders)
    compiled.fit(half, batches, orders[:3])
    half.save(tmp_path / "half.keras")
    resumed = keras.models.load_model(tmp_path / "half.keras")
    compiled.fit(resumed, batches, orders[3:])
    np.testing.assert_allclose(flat(resumed), flat(whole), atol=1e-6)


def test_a_second_network_of_the_same_shape_finds_the_program(
    data: tuple[FloatArray, FloatArray],
) -> None:
    training = Training(epochs=1, batch_size=32)
    known: list[int] = []
    for seed, rows in ((1, N), (2, N), (3, N - 6)):
        network = build("lstm", seed)
        train(network, shaped("lstm", data[0][:rows]), data[1][:rows], training, 1, lambda *_: None)
        known.append(len(programs._pools))
    assert known[0] == known[1] == known[2]


RACE = """
import sys, threading
import numpy as np
from lstm_ops.experiment import FeedforwardSpec, LstmSpec, Training
from lstm_ops.models.feedforward import Feedforward
from lstm_ops.models.forecaster import ignore_epochs
from lstm_ops.models.lstm import Lstm

windows = np.linspace(0, 1, 40).reshape(20, 2), np.linspace(0, 1, 20).reshape(20, 1)
training = Training(epochs=2, batch_size=8)
net, lstm = FeedforwardSpec(kind="feedforward"), LstmSpec(kind="lstm", units=2)
forecasters = [Feedforward(net, training), Lstm(lstm, training, "steps")]
for forecaster in forecasters:
    forecaster.prepare(*windows)
if sys.argv[1] == "backwards":
    forecasters.reverse()
for forecaster in forecasters:
    forecaster.fit(*windows, seed=1, on_epoch=ignore_epochs)
"""


def test_processes_find_what_others_compiled_whoever_trains_first(
    home: Path, tmp_path: Path
) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, order],
            env=os.environ
            | {
                "LSTM_OPS_HOME": str(home),
                "TF_XLA_FLAGS": f"--tf_xla_persistent_cache_directory={tmp_path / order}",
            },
        )
        for order in ("forwards", "backwards")
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    forwards, backwards = ({f.name for f in folder.iterdir()} for folder in tmp_path.iterdir())
    assert len(forwards) == 2
    assert forwards == backwards


def test_what_xla_cannot_compile_is_trained_by_fit_with_one_warning(
    data: tuple[FloatArray, FloatArray],
) -> None:
    keras = load_keras()
    import tensorflow as tf

    @keras.saving.register_keras_serializable("tests")
    class Spelled(keras.layers.Layer):  # type: ignore[misc]
        """Through text and back, which XLA does not know."""

        def call(self, inputs: Any) -> Any:
            tf.strings.as_string(tf.stop_gradient(inputs))
            return inputs + 0 * tf.strings.to_number(tf.strings.as_string(inputs))

    layers = [keras.Input((LOOK_BACK,)), Spelled(), keras.layers.Dense(HORIZON)]
    network = keras.Sequential(layers, name="odd")
    before = flat(network)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        effort = train(network, *data, Training(epochs=2, batch_size=25), 1, lambda *_: None)
    ours = [str(w.message) for w in told if "trained by fit" in str(w.message)]
    assert len(ours) == 1 and "odd is trained by fit, which is slower: " in ours[0]
    assert len(effort.losses) == 2
    assert not np.array_equal(flat(network), before)
