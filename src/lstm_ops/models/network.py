"""What every Keras forecaster shares: seeds, training, prediction, saving."""

from __future__ import annotations

import logging
import math
import os
import sys
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstm_ops import project
from lstm_ops.collector import uncollected
from lstm_ops.data.series import FloatArray
from lstm_ops.data.windows import Layout, shape
from lstm_ops.errors import SeriesTooShort
from lstm_ops.experiment import Training
from lstm_ops.models import compiled, programs
from lstm_ops.models.forecaster import Effort, OnEpoch
from lstm_ops.models.quiet import without_noise

if TYPE_CHECKING:
    import keras

NETWORK_FILE = "network.keras"
PREDICT_ROWS = 8192
_loading = threading.Lock()


@dataclass(frozen=True)
class FittedNetwork:
    """A trained network and how windows are laid out for it."""

    network: keras.Model
    effort: Effort
    layout: Layout

    @property
    def parameters(self) -> int:
        """Trainable weights."""
        return int(self.network.count_params())

    def predict(self, inputs: FloatArray) -> FloatArray:
        """inputs (n, look_back), or (n, look_back, channels) → (n, horizon)."""
        shaped = shape(inputs, self.layout)
        chunks = np.array_split(shaped.astype(np.float32), math.ceil(len(shaped) / PREDICT_ROWS))
        # Called directly: `predict` would trace a new graph for every model.
        forecasts = [np.asarray(self.network(chunk, training=False)) for chunk in chunks]
        return np.concatenate(forecasts).astype(np.float64)

    def save(self, folder: Path) -> dict[str, Any]:
        """The network as a `.keras` file, its optimizer left out."""
        self.network.save(folder / NETWORK_FILE, include_optimizer=False)
        return {"family": "keras", "network": NETWORK_FILE, "layout": self.layout}


def load_keras() -> Any:
    """The keras module, on TensorFlow whatever a person's own settings file asks for."""
    with _loading:
        if "keras" in sys.modules:
            return sys.modules["keras"]
        os.environ["KERAS_BACKEND"] = "tensorflow"
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # nothing about a GPU that is not there
        expect_at_once(1)
        # One matrix product on one thread: a result shall not depend on how many there are.
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
        os.environ["TF_XLA_FLAGS"] = _xla_flags(os.environ.get("TF_XLA_FLAGS", ""))
        with without_noise(), uncollected():
            import keras
        # Says how often it traced a graph, which a flow of many small fits does on purpose.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        return keras


def expect_at_once(fits: int) -> None:
    """How many fits will run side by side, said before Keras is loaded: each gets a thread.

    All compiled programs of a process share TensorFlow's pool. With one thread in it they wait for
    each other; a second one costs a lone fit a quarter more CPU and saves it no time.
    """
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(fits))


def _xla_flags(given: str) -> str:
    """With a folder in which later processes find what this one compiles, unless one is named."""
    flag = "--tf_xla_persistent_cache_directory"
    return given if flag in given else f"{given} {flag}={project.state_folder() / 'xla'}".strip()


def layer_seeds(seed: int, count: int) -> list[int]:
    """One seed for each initializer, so that no two layers draw the same numbers."""
    return [int(s) for s in np.random.SeedSequence(seed).generate_state(count)]


def epoch_orders(n_windows: int, training: Training, seed: int) -> NDArray[np.int64]:
    """The order of windows in every epoch  # (epochs, n_windows)."""
    orders = np.tile(np.arange(n_windows), (training.epochs, 1))
    if training.shuffle:
        orders = np.random.default_rng([seed, 1]).permuted(orders, axis=1)
    return orders


def prepare(
    network: keras.Model,
    inputs: FloatArray,
    targets: FloatArray,
    training: Training,
    copies: int,
) -> None:
    """Makes ready what `train` shares among networks of one shape. Does not train."""
    if training.engine == "compiled":
        lesson = _lesson(inputs, targets, training)
        _set_out(network, len(lesson.inputs), training)
        compiled.prepare(network, lesson.batches(training.batch_size), copies)


def train(
    network: keras.Model,
    inputs: FloatArray,
    targets: FloatArray,
    training: Training,
    seed: int,
    on_epoch: OnEpoch,
) -> Effort:
    """Adam on the mean squared error. inputs: (n, …), targets: (n, horizon), in order of time.

    The order of windows is drawn beforehand rather than left to `fit`, whose own shuffling hangs
    on a generator that all threads share. Both engines take the same steps. With early stopping,
    the last windows only say when to stop, and the weights of the best epoch are kept.
    """
    lesson = _lesson(inputs, targets, training)
    steps = _set_out(network, len(lesson.inputs), training)
    orders = epoch_orders(len(lesson.inputs), training, seed)
    engine = _fit_compiled if training.engine == "compiled" else _fit
    losses = engine(network, lesson, orders, training, on_epoch)
    return Effort(tuple(map(float, losses)), steps * len(losses))


@dataclass(frozen=True)
class Lesson:
    """What a network trains on, and the later windows that say when to stop, if any do.

    inputs: (n, …), targets: (n, horizon); `held_out` the same of other windows.
    """

    inputs: FloatArray
    targets: FloatArray
    held_out: tuple[FloatArray, FloatArray] | None = None

    def batches(self, size: int) -> programs.Batches:
        """What is trained on."""
        return programs.batches(self.inputs, self.targets, size)


def _lesson(inputs: FloatArray, targets: FloatArray, training: Training) -> Lesson:
    """Between the two parts `horizon` - 1 windows are left out, whose targets lie in both."""
    if training.early_stopping is None:
        return Lesson(inputs, targets)
    n, horizon = targets.shape
    held = max(1, int(n * training.early_stopping.fraction))
    kept = n - held - (horizon - 1)
    if kept < 1:
        raise SeriesTooShort(
            f"{n} windows of horizon {horizon} leave none to train on beside the {held} that "
            "training.early_stopping holds out. Give more history, or leave early stopping out."
        )
    return Lesson(inputs[:kept], targets[:kept], (inputs[n - held :], targets[n - held :]))


def _callbacks(training: Training) -> list[keras.callbacks.Callback]:
    stopping = training.early_stopping
    if stopping is None:
        return []
    return [
        load_keras().callbacks.EarlyStopping(
            monitor="val_loss", patience=stopping.patience, restore_best_weights=True
        )
    ]


def _set_out(network: keras.Model, n_windows: int, training: Training) -> int:
    """Gives the network its optimizer; the number of steps in an epoch."""
    steps = math.ceil(n_windows / training.batch_size)
    network.compile(
        optimizer=load_keras().optimizers.Adam(training.learning_rate),
        loss="mse",
        # A whole epoch in one call of the graph: the same arithmetic, a third of the time of `fit`.
        steps_per_execution=steps,
    )
    return steps


def _fit_compiled(
    network: keras.Model,
    lesson: Lesson,
    orders: NDArray[np.int64],
    training: Training,
    on_epoch: OnEpoch,
) -> list[float]:
    """Losses by epoch. Where XLA cannot compile the network, `fit` does it, with a warning."""
    size = training.batch_size
    held_out = programs.batches(*lesson.held_out, size) if lesson.held_out else None
    callbacks, start = _callbacks(training), network.get_weights()
    try:
        history = compiled.fit(network, lesson.batches(size), orders, on_epoch, callbacks, held_out)
    except programs.CannotCompile as reason:
        warnings.warn(f"{network.name} is trained by fit, which is slower: {reason}", stacklevel=2)
        network.set_weights(start)
        _set_out(network, len(lesson.inputs), training)
        return _fit(network, lesson, orders, training, on_epoch)
    return history["loss"]


def _fit(
    network: keras.Model,
    lesson: Lesson,
    orders: NDArray[np.int64],
    training: Training,
    on_epoch: OnEpoch,
) -> list[float]:
    """Losses by epoch, from Keras's own loop."""
    history = network.fit(
        _batches(lesson.inputs, lesson.targets, orders, training.batch_size),
        epochs=len(orders),
        steps_per_epoch=math.ceil(len(lesson.inputs) / training.batch_size),
        validation_data=lesson.held_out,
        validation_batch_size=PREDICT_ROWS,
        shuffle=False,  # `orders` has done it
        callbacks=[_report(on_epoch), *_callbacks(training)],
        verbose=0,
    )
    losses: list[float] = history.history["loss"]
    return losses


def _report(on_epoch: OnEpoch) -> keras.callbacks.Callback:
    return load_keras().callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: on_epoch(epoch + 1, float(logs["loss"]))
    )


def _batches(
    inputs: FloatArray, targets: FloatArray, orders: NDArray[np.int64], batch_size: int
) -> Any:
    """Batches in the given order; each epoch ends with a partial one where it must."""
    import tensorflow as tf

    dtype = load_keras().config.floatx()
    x, y = tf.constant(inputs, dtype), tf.constant(targets, dtype)
    epochs = tf.data.Dataset.from_tensor_slices(orders)  # each (n,)
    rows = epochs.flat_map(
        lambda order: tf.data.Dataset.from_tensor_slices(order).batch(batch_size)
    )
    batches = rows.map(lambda row: (tf.gather(x, row), tf.gather(y, row)))
    return batches.prefetch(tf.data.AUTOTUNE)
