"""Training with a whole epoch in one XLA-compiled loop.

Keras's `fit` spends hundreds of microseconds a step on dispatch and a fraction of one on
arithmetic. Here the loop over batches runs inside the compiled program: the same steps, in the same
order, with the same optimizer. Epochs are driven from outside, so that callbacks see each one.

A program belongs to the shape of a network, not to one network: it is compiled around a template,
and each training copies its weights and optimizer state in and out.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstm_ops.data.series import FloatArray
from lstm_ops.models.forecaster import OnEpoch, ignore_epochs

if TYPE_CHECKING:
    import keras

# Up to here an LSTM's time steps are written out in the program: faster to run, slower to compile.
MOST_UNROLLED = 8

_programs: dict[str, Program] = {}
_finding = threading.Lock()


class CannotCompile(Exception):
    """XLA has no way to run a part of the network. Nothing has been trained."""


@dataclass
class Program:
    """A compiled epoch around a template network. One training at a time."""

    template: keras.Model
    optimizer: keras.Optimizer
    epoch: Any
    mean_loss: Any
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, what: Any, *arguments: Any) -> float:
        """`epoch` or `mean_loss`, which give a mean loss. Raises `CannotCompile`, with XLA's
        reason, when it meets what it can't."""
        import tensorflow as tf

        try:
            return float(what(*arguments))
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
            raise CannotCompile(error.message.splitlines()[0]) from None


@dataclass(frozen=True)
class Batches:
    """Windows padded to a capacity that several trainings share, so that they share a program.

    inputs: (capacity, …), targets: (capacity, horizon); rows from `count` on are never used.
    """

    inputs: Any
    targets: Any
    count: int
    size: int

    @property
    def capacity(self) -> int:
        """Rows, padding included: a multiple of the batch size."""
        return int(self.inputs.shape[0])


class CompiledTraining:
    """Epochs of one network's training. Use within `borrowed`."""

    def __init__(
        self, program: Program, network: keras.Model, batches: Batches, watched: bool
    ) -> None:
        self._program = program
        self._network = network
        self._batches = batches
        self._count = _whole(batches.count)
        self._watched = watched

    def run_epoch(self, order: NDArray[np.int64]) -> float:
        """One pass over the windows in this order (n,); the mean loss over them."""
        import tensorflow as tf

        batches = self._batches
        padded = np.zeros(batches.capacity, dtype=np.int32)
        padded[: batches.count] = order
        if self._watched:  # a callback may have changed the weights, too
            self.take_over()
        loss = self._program.run(
            self._program.epoch,
            batches.inputs,
            batches.targets,
            tf.constant(padded),
            self._count,
        )
        if self._watched:
            self.hand_back()
        return loss

    def loss_on(self, held_out: Batches) -> float:
        """The mean loss on other windows, as the weights stand after the last epoch."""
        inputs, targets, count = held_out.inputs, held_out.targets, np.int32(held_out.count)
        return self._program.run(self._program.mean_loss, inputs, targets, count)

    def hand_back(self) -> None:
        """Weights and optimizer state to the network, as after `fit`."""
        _copy(self._program.template.variables, self._network.variables)
        _copy(self._program.optimizer.variables, self._network.optimizer.variables)

    def take_over(self) -> None:
        """Weights and optimizer state from the network, as it stands."""
        self._network.optimizer.build(self._network.trainable_variables)
        _copy(self._network.variables, self._program.template.variables)
        _copy(self._network.optimizer.variables, self._program.optimizer.variables)
        _copy_learning_rate(self._network.optimizer, self._program.optimizer)


def fit(
    network: keras.Model,
    data: Batches,
    orders: NDArray[np.int64],
    on_epoch: OnEpoch = ignore_epochs,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    held_out: Batches | None = None,
) -> dict[str, list[float]]:
    """What `fit` of a network with a mean squared error does; its history of loss and val_loss.

    orders: (epochs, n), the windows in the order of every epoch. `network` has its optimizer from
    `compile`, and goes on where that stands. Callbacks are called for the training and its epochs,
    not for batches. validation: inputs (n, …) and targets (n, horizon).
    """
    import keras

    listeners = keras.callbacks.CallbackList(
        list(callbacks), add_history=True, model=network, epochs=len(orders), verbose=0
    )
    network.stop_training = False
    with borrowed(network, data, watched=bool(callbacks)) as training:
        listeners.on_train_begin()
        for number, order in enumerate(orders):
            listeners.on_epoch_begin(number)
            logs = {"loss": training.run_epoch(order)}
            if held_out is not None:
                logs["val_loss"] = training.loss_on(held_out)
            on_epoch(number + 1, logs["loss"])
            listeners.on_epoch_end(number, logs)
            if network.stop_training:
                break
    listeners.on_train_end(logs)
    history: dict[str, list[float]] = network.history.history
    return history


@contextmanager
def borrowed(network: keras.Model, data: Batches, watched: bool) -> Iterator[CompiledTraining]:
    """A compiled training of a network; a `watched` one keeps the network's weights current.

    The network has been given its optimizer by `compile`. After an error it is as it was before.
    """
    program = _program(network, data)
    with program.lock:
        training = CompiledTraining(program, network, data, watched)
        training.take_over()
        yield training
        if not watched:
            training.hand_back()


def batches(inputs: FloatArray, targets: FloatArray, size: int) -> Batches:
    """inputs: (n, …), targets: (n, horizon). The capacity is the next power of two of batches."""
    import keras
    import tensorflow as tf

    capacity = size * 2 ** math.ceil(math.log2(math.ceil(len(inputs) / size)))
    padding = capacity - len(inputs)

    def padded(array: FloatArray) -> Any:
        rows = np.pad(array, [(0, padding)] + [(0, 0)] * (array.ndim - 1))
        return tf.constant(rows, keras.config.floatx())

    return Batches(padded(inputs), padded(targets), len(inputs), size)


def prepare(network: keras.Model, data: Batches) -> None:
    """Traces the program that networks of this shape will train with.

    XLA finds in its cache what an earlier process compiled by the names inside a program, and
    TensorFlow numbers names through the process: in order, and before threads race, they recur.
    """
    _program(network, data)


def _program(network: keras.Model, batches: Batches) -> Program:
    key = json.dumps(
        [_shape_of(network.get_config()), batches.capacity, batches.size, _kind(network.optimizer)]
    )
    with _finding:
        if key not in _programs:
            _programs[key] = _build(network, batches)
        return _programs[key]


def _build(network: keras.Model, batches: Batches) -> Program:
    import tensorflow as tf

    template = type(network).from_config(_unrolled(network.get_config()))
    # Keras would number the optimizer's name, too.
    settings = {**network.optimizer.get_config(), "name": "optimizer"}
    optimizer = type(network.optimizer).from_config(settings)
    optimizer.build(template.trainable_variables)
    epoch = _epoch(template, optimizer, batches.size)
    order = tf.TensorSpec([batches.capacity], tf.int32)
    inputs, targets = map(tf.TensorSpec.from_tensor, (batches.inputs, batches.targets))
    # Called as it is: to look for it among traces again takes longer than a short epoch itself.
    traced = epoch.get_concrete_function(inputs, targets, order, tf.TensorSpec([], tf.int32))
    return Program(template, optimizer, traced, _mean_loss(template, batches.size))


def _epoch(network: keras.Model, optimizer: keras.Optimizer, size: int) -> Any:
    import tensorflow as tf

    weights = network.trainable_variables

    def epoch(inputs: Any, targets: Any, order: Any, count: Any) -> Any:
        """order: (capacity,), its first `count` entries the windows to visit."""

        def step(number: Any, total: Any) -> Any:
            first = number * size
            rows = tf.slice(order, [first], [size])  # (size,)
            with tf.GradientTape() as tape:
                forecasts = network(tf.gather(inputs, rows), training=True)
                losses = _losses(forecasts, tf.gather(targets, rows), first, count)
                loss = tf.reduce_sum(losses) / tf.cast(
                    tf.minimum(size, count - first), losses.dtype
                )
            optimizer.apply(tape.gradient(loss, weights), weights)
            return number + 1, total + tf.reduce_sum(losses)

        return _mean_over_batches(step, count, size, targets.dtype)

    return tf.function(epoch, jit_compile=True, autograph=False)


def _mean_loss(network: keras.Model, size: int) -> Any:
    import tensorflow as tf

    def mean_loss(inputs: Any, targets: Any, count: Any) -> Any:
        """Over the first `count` windows."""

        def step(number: Any, total: Any) -> Any:
            first = number * size
            rows = first + tf.range(size)
            forecasts = network(tf.gather(inputs, rows), training=False)
            losses = _losses(forecasts, tf.gather(targets, rows), first, count)
            return number + 1, total + tf.reduce_sum(losses)

        return _mean_over_batches(step, count, size, targets.dtype)

    return tf.function(mean_loss, jit_compile=True, autograph=False)


def _losses(forecasts: Any, targets: Any, first: Any, count: Any) -> Any:
    """Of each window of a batch  # (size,). Padding beyond the last one weighs nothing."""
    import tensorflow as tf

    weigh = tf.cast(first + tf.range(targets.shape[0]) < count, targets.dtype)
    return tf.reduce_mean(tf.square(forecasts - targets), -1) * weigh


def _mean_over_batches(step: Any, count: Any, size: int, dtype: Any) -> Any:
    import tensorflow as tf

    steps = (count + size - 1) // size
    start = (tf.constant(0), tf.constant(0.0, dtype))
    _, total = tf.while_loop(lambda number, _: number < steps, step, start)
    return total / tf.cast(count, dtype)


def _whole(number: int) -> Any:
    import tensorflow as tf

    return tf.constant(number, tf.int32)


def _copy(source: list[Any], target: list[Any]) -> None:
    for from_variable, to_variable in zip(source, target, strict=True):
        to_variable.assign(from_variable)


def _copy_learning_rate(source: keras.Optimizer, target: keras.Optimizer) -> None:
    """A callback may have changed it. A schedule is part of the program, and no variable."""
    if hasattr(target.learning_rate, "assign"):
        target.learning_rate.assign(source.learning_rate)


def _kind(optimizer: keras.Optimizer) -> dict[str, Any]:
    """What is built into the program. A learning rate that is a variable stays out."""
    config = dict(optimizer.get_config())
    if isinstance(config["learning_rate"], float):
        del config["learning_rate"]
    return {**config, "name": type(optimizer).__name__}


def _shape_of(config: Any) -> Any:
    """A network's configuration without what its program does not depend on: initial weights."""
    if isinstance(config, dict):
        return {k: _shape_of(v) for k, v in config.items() if not k.endswith("_initializer")}
    return [_shape_of(value) for value in config] if isinstance(config, list) else config


def _unrolled(config: dict[str, Any]) -> dict[str, Any]:
    for layer in config["layers"]:
        inner = layer["config"]
        steps = (layer.get("build_config") or {}).get("input_shape", [None, None])[1]
        if "unroll" in inner and steps is not None and steps <= MOST_UNROLLED:
            inner["unroll"] = True
    return config
