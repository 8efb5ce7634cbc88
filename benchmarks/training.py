"""How fast a network trains: the compiled engine against Keras's `fit`, in one run.

    python -m benchmarks.training [--json] [--repeats 3]

Each engine trains from the same weights on the same order of windows; the final weights are
compared. CPU seconds are of the whole process, medians over the repeats. `fit` here is plain: one
batch a call, as it is when nobody asks for more. The second table compares what the tutorial's LSTM
has become in the end, over several seeds and in double precision; it is not timed.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import tables
from lstm_ops import experiment
from lstm_ops.data.contract import check_series
from lstm_ops.data.sources import load_raw
from lstm_ops.data.windows import cut, shape
from lstm_ops.experiment import LstmSpec, Training, Window
from lstm_ops.models import compiled, programs
from lstm_ops.models.lstm import build
from lstm_ops.models.network import _batches, epoch_orders, load_keras


@dataclass(frozen=True)
class Case:
    """One network on the tutorial's train part."""

    name: str
    units: int
    window: Window
    training: Training


CASES = (
    Case(
        "tutorial: LSTM(4), 1 step, batch 1",
        4,
        Window(look_back=1, layout="features", drop_last_pair=True),
        Training(epochs=10, batch_size=1),
    ),
    Case(
        "LSTM(32), 64 steps, batch 32",
        32,
        Window(look_back=64, layout="steps"),
        Training(epochs=10, batch_size=32),
    ),
)

SEEDS = range(5)
DOUBLE_SEED = 1  # the seed whose networks end furthest apart in single precision


def main() -> None:
    """Print the tables, or their figures as JSON."""
    options = tables.arguments(__doc__)
    with tempfile.TemporaryDirectory() as cache:  # compile from nothing
        os.environ["TF_XLA_FLAGS"] = f"--tf_xla_persistent_cache_directory={cache}"
        load_keras()
        speed = {case.name: measure(case, options.repeats) for case in CASES}
        agreement = agreements(CASES[0])
    figures = {"speed": speed, "agreement": agreement}
    tables.tell(options, figures, _speed_table(speed), _agreement_table(agreement))


def measure(case: Case, repeats: int) -> dict[str, float]:
    """Medians of CPU and wall seconds, and their ratios."""
    inputs, targets = _windows(case)
    runs: dict[str, list[tuple[float, float]]] = {"first": [], "second": [], "fit": []}
    difference = 0.0
    for repeat in range(repeats):
        programs._pools.clear()
        networks = {}
        for name in ("first", "second"):  # the second network finds the program
            networks[name] = _network(case, inputs, targets, seed=repeat)
            runs[name].append(_timed(_compiled, networks[name], inputs, targets, case, repeat))
        networks["fit"] = _network(case, inputs, targets, seed=repeat)
        runs["fit"].append(_timed(_fit, networks["fit"], inputs, targets, case, repeat))
        difference = max(difference, _difference(networks["second"], networks["fit"]))
    cpu = {name: statistics.median(c for c, _ in times) for name, times in runs.items()}
    wall = {name: statistics.median(w for _, w in times) for name, times in runs.items()}
    steps = case.training.epochs * -(-len(inputs) // case.training.batch_size)
    return {
        "steps": steps,
        "fit_us_per_step": cpu["fit"] / steps * 1e6,
        "steady_us_per_step": cpu["second"] / steps * 1e6,
        "first_cpu_seconds": cpu["first"],
        "second_wall_seconds": wall["second"],
        "times_steady_cpu": cpu["fit"] / cpu["second"],
        "times_steady_wall": wall["fit"] / wall["second"],
        "times_with_compilation_cpu": cpu["fit"] / cpu["first"],
        "weights_relative_difference": difference,
    }


def agreements(case: Case) -> dict[str, dict[str, float]]:
    """How far apart the engines' networks end, by precision. One seed may stand out."""
    single = [_agreement(case, seed) for seed in SEEDS]
    with _double_precision():
        double = [_agreement(case, DOUBLE_SEED)]
    return {
        f"float32, seeds {SEEDS[0]} to {SEEDS[-1]}": _summary(single),
        f"float64, seed {DOUBLE_SEED}": _summary(double),
    }


def _agreement(case: Case, seed: int) -> tuple[float, float]:
    """Of two networks: relative distance of weights, largest difference of forecasts."""
    inputs, targets = _windows(case)
    steps = -(-len(inputs) // case.training.batch_size)
    ours, kerass = (_network(case, inputs, targets, seed, steps) for _ in range(2))
    _compiled(ours, inputs, targets, case, seed)
    _fit(kerass, inputs, targets, case, seed)
    forecasts = [np.asarray(network(inputs, training=False)) for network in (ours, kerass)]
    return _difference(ours, kerass), float(np.max(np.abs(forecasts[0] - forecasts[1])))


def _summary(differences: list[tuple[float, float]]) -> dict[str, float]:
    weights, forecasts = zip(*differences, strict=True)
    return {
        "median_weights": statistics.median(weights),
        "largest_weights": max(weights),
        "largest_forecasts": max(forecasts),
    }


@contextmanager
def _double_precision() -> Iterator[None]:
    _set_precision("float64")
    try:
        yield
    finally:
        _set_precision("float32")


def _set_precision(name: str) -> None:
    """Keras's, for networks made from now on. Programs of the other one are forgotten."""
    programs._pools.clear()
    load_keras().config.set_floatx(name)
    load_keras().config.set_dtype_policy(name)


def _speed_table(figures: dict[str, dict[str, float]]) -> str:
    columns = {
        "steps": "{steps:,.0f}",
        "fit, µs CPU a step": "{fit_us_per_step:.0f}",
        "compiled, µs CPU a step": "{steady_us_per_step:.1f}",
        "times, steady": "{times_steady_cpu:.0f}",
        "times, wall": "{times_steady_wall:.0f}",
        "times, with compiling": "{times_with_compilation_cpu:.1f}",
        "second network, s": "{second_wall_seconds:.2f}",
        "weights differ by": "{weights_relative_difference:.0e}",
    }
    return tables.table("case", columns, figures)


def _agreement_table(figures: dict[str, dict[str, float]]) -> str:
    columns = {
        "weights differ by, median": "{median_weights:.0e}",
        "weights differ by, at most": "{largest_weights:.0e}",
        "forecasts differ by, at most": "{largest_forecasts:.0e}",
    }
    return tables.table("compiled against fit", columns, figures)


def _windows(case: Case) -> tuple[Any, Any]:
    recipe = experiment.load("tutorial")
    series = check_series(load_raw(recipe))
    windows = cut(series.values[: int(len(series) * recipe.split.train_fraction)], case.window)
    return shape(windows.inputs, case.window.layout), windows.targets


def _network(case: Case, inputs: Any, targets: Any, seed: int, steps_a_call: int = 1) -> Any:
    spec = LstmSpec(kind="lstm", units=case.units)
    network = build(inputs.shape[1:], targets.shape[1], spec, seed)
    optimizer = load_keras().optimizers.Adam(case.training.learning_rate)
    network.compile(optimizer=optimizer, loss="mse", steps_per_execution=steps_a_call)
    return network


def _timed(train: Callable[..., None], *arguments: Any) -> tuple[float, float]:
    """CPU seconds of this process, all threads, and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    train(*arguments)
    return time.process_time() - cpu, time.perf_counter() - wall


def _compiled(network: Any, inputs: Any, targets: Any, case: Case, seed: int) -> None:
    data = programs.batches(inputs, targets, case.training.batch_size)
    compiled.fit(network, data, epoch_orders(len(inputs), case.training, seed))


def _fit(network: Any, inputs: Any, targets: Any, case: Case, seed: int) -> None:
    orders = epoch_orders(len(inputs), case.training, seed)
    network.fit(
        _batches(inputs, targets, orders, case.training.batch_size),
        epochs=case.training.epochs,
        steps_per_epoch=-(-len(inputs) // case.training.batch_size),
        shuffle=False,
        verbose=0,
    )


def _difference(one: Any, other: Any) -> float:
    """Relative L2 distance of all weights."""
    a, b = (np.concatenate([np.ravel(w) for w in n.get_weights()]) for n in (one, other))
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


if __name__ == "__main__":
    main()
