"""Compiled programs: an epoch and a mean loss around a template network, and pools of them.

A program belongs to the shape of a network, not to one network: it is compiled around a template,
and each training copies its weights and optimizer state in and out.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_ops.data.series import FloatArray

if TYPE_CHECKING:
    import keras

# Up to here an LSTM's time steps are written out in the program: faster to run, slower to compile.
MOST_UNROLLED = 8

MUCH_DATA = 14  # as a power of two of batches

_pools: dict[str, Pool] = {}
_finding = threading.Lock()


class CannotCompile(Exception):
    """XLA has no way to run a part of the network, or of its loss on other windows."""


@dataclass
class Program:
    """A compiled epoch around a template network. One training at a time."""

    template: keras.Model
    optimizer: keras.Optimizer
    epoch: Any
    mean_loss: Any

    def run(self, what: Any, *arguments: Any) -> float:
        """`epoch` or `mean_loss`, which give a mean loss. Raises `CannotCompile`, with XLA's
        reason, when it meets what it can't."""
        import tensorflow as tf

        try:
            return float(what(*arguments))
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
            raise CannotCompile(error.message.splitlines()[0]) from None


class Pool:
    """Equal programs: as many trainings at once as there are, the others wait."""

    def __init__(self) -> None:
        self._free: list[Program] = []
        self._returned = threading.Condition()
        self.size = 0

    def add(self, program: Program) -> None:
        """One more."""
        with self._returned:
            self.size += 1
            self._free.append(program)
            self._returned.notify()

    @contextmanager
    def lent(self) -> Iterator[Program]:
        """A program that nobody else has meanwhile."""
        with self._returned:
            self._returned.wait_for(lambda: self._free)
            program = self._free.pop()
        try:
            yield program
        finally:
            with self._returned:
                self._free.append(program)
                self._returned.notify()


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


def batches(inputs: FloatArray, targets: FloatArray, size: int) -> Batches:
    """inputs: (n, …), targets: (n, horizon)."""
    import keras
    import tensorflow as tf

    padding = size * _capacity(math.ceil(len(inputs) / size)) - len(inputs)

    def padded(array: FloatArray) -> Any:
        rows = np.pad(array, [(0, padding)] + [(0, 0)] * (array.ndim - 1))
        return tf.constant(rows, keras.config.floatx())

    return Batches(padded(inputs), padded(targets), len(inputs), size)


def _capacity(n_batches: int) -> int:
    """The next of 2, 8, 32 …, so that fits on somewhat more data share a program; from
    MUCH_DATA on the next power of two, since padding takes memory."""
    exponent = math.ceil(math.log2(n_batches))
    if exponent < MUCH_DATA and exponent % 2 == 0:
        exponent += 1
    return int(2**exponent)


def pool(network: keras.Model, data: Batches, copies: int = 1) -> Pool:
    """The programs for networks of this shape, no fewer than `copies`; made where missing."""
    key = json.dumps(
        [_shape_of(network.get_config()), data.capacity, data.size, _kind(network.optimizer)]
    )
    with _finding:
        found = _pools.setdefault(key, Pool())
        while found.size < copies:
            found.add(_build(network, data))
        return found


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
