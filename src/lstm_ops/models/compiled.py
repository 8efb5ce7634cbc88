"""Training with a whole epoch in one XLA-compiled loop.

Keras's `fit` spends hundreds of microseconds a step on dispatch and a fraction of one on
arithmetic. Here the loop over batches runs inside the compiled program: the same steps, in the same
order, with the same optimizer. Epochs are driven from outside, so that callbacks see each one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstm_ops.models import programs
from lstm_ops.models.forecaster import OnEpoch, ignore_epochs
from lstm_ops.models.programs import Batches, Program

if TYPE_CHECKING:
    import keras


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
    not for batches. held_out: the windows of val_loss.
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
    with programs.pool(network, data).lent() as program:
        training = CompiledTraining(program, network, data, watched)
        training.take_over()
        yield training
        if not watched:
            training.hand_back()


def prepare(network: keras.Model, data: Batches, copies: int) -> None:
    """Traces the programs that networks of this shape will train with, `copies` of them at once.

    XLA finds in its cache what an earlier process compiled by the names inside a program, and
    TensorFlow numbers names through the process: in order, and before threads race, they recur.
    """
    programs.pool(network, data, copies)


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
