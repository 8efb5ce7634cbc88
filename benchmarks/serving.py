"""How fast a served model answers over loopback, and what its intervals hold.

    python -m benchmarks.serving [--json] [--repeats 3]

`lstm-ops serve` with a linear model and an LSTM(16) of 64 steps, normalised window by window, both
with calibration. Clients are lean ones on connections that stay open, on the server's cores.
Quantiles are over REQUESTS requests one after another, medians over the repeats. Coverage is of
models fitted once on train, over the tutorial's test part, with all history before each point.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import tables
from benchmarks.lean_client import LeanClient
from benchmarks.measured import run
from benchmarks.places import PROJECT, environment, project_root
from lstm_ops.stack.apart import MAIN
from lstm_ops.stack.ports import free_port
from lstm_ops.stack.processes import wait_until

MODELS: dict[str, dict[str, Any]] = {
    "linear": {"forecasters": [{"kind": "linear"}]},
    "LSTM(16) × 64": {
        "forecasters": [{"kind": "lstm", "units": 16, "normalise": "last_scale"}],
        "window.look_back": 64,
        "window.layout": "steps",
        "training.batch_size": 32,
        "training.epochs": 2,
    },
}
INTERVALS: dict[str, dict[str, Any]] = {
    "linear": MODELS["linear"],
    "ridge, 64 values": {"forecasters": [{"kind": "ridge"}], "window.look_back": 64},
    "ridge, 512 values": {"forecasters": [{"kind": "ridge"}], "window.look_back": 512},
}
LONG = 1000  # rows
STEPS = (1, 100)
CLIENTS = (1, 4)
REQUESTS = 500
WARM = 20  # requests before any is measured
START_LIMIT = 120.0  # seconds
READY = re.compile(r"is ready \(([\d.]+) s\)")
PATH = "/invocations"


def main() -> None:
    """Print the tables, or their figures as JSON."""
    options = tables.arguments(__doc__)
    answers: dict[str, dict[str, float]] = {}
    servers: dict[str, dict[str, float]] = {}
    with project_root() as root:
        for name, overrides in MODELS.items():
            version = _ask(root, "register", overrides)
            with _server(root, version) as (port, ready):
                with LeanClient(port, PATH) as client:
                    answers |= _answers(client, name, options.repeats)
                rates = _throughput(port, _look_back(name), options.repeats)
                servers[name] = {"ready": ready, **rates}
        held = {
            f"{name}, {how}": figures
            for name, overrides in INTERVALS.items()
            for how, figures in _ask(root, "coverage", overrides).items()
        }
    found = {"answers": answers, "servers": servers, "intervals": held}
    tables.tell(options, found, *_tables(answers, servers, held))


def _tables(answers: tables.Rows, servers: tables.Rows, held: tables.Rows) -> list[str]:
    rates = {f"requests/s, {n} client{'s' * (n > 1)}": f"{{clients_{n}:.0f}}" for n in CLIENTS}
    coverage = {
        "points": "{points:.0f}",
        "coverage": "{coverage:.3f}",
        "in quarters": "{lowest:.3f}–{highest:.3f}",
        "width / noise's": "{width:.2f}",
    }
    return [
        tables.table("one request", {"p50, ms": "{p50:.1f}", "p99, ms": "{p99:.1f}"}, answers),
        tables.table("server", {"until ready, s": "{ready:.1f}", **rates}, servers),
        tables.table("90 % intervals, one step ahead", coverage, held),
    ]


def _ask(root: Path, what: str, overrides: dict[str, Any]) -> Any:
    """Of `benchmarks.served_models`, in a process of its own."""
    variables = environment(root)
    variables["PYTHONPATH"] += f"{os.pathsep}{PROJECT}"
    command = [sys.executable, "-m", "benchmarks.served_models", what, json.dumps(overrides)]
    return json.loads(run(command, root, variables).output.splitlines()[-1])


@contextmanager
def _server(root: Path, version: str) -> Iterator[tuple[int, float]]:
    """Its port, and the seconds that it took to be ready. Stopped as by Ctrl-C."""
    port, output = free_port(), root / "serve.log"
    command = [sys.executable, "-c", MAIN, "serve", "tutorial", "--alias", version]
    command += ["--port", str(port)]
    with (
        output.open("wb") as stream,
        subprocess.Popen(
            command, cwd=root, env=environment(root), stdout=stream, stderr=stream
        ) as process,
    ):
        try:
            wait_until(
                lambda: bool(READY.search(output.read_text())) or process.poll() is not None,
                START_LIMIT,
            )
            ready = READY.search(output.read_text())
            if ready is None:
                raise RuntimeError(f"the model is not served:\n{output.read_text()}")
            yield port, float(ready[1])
        finally:
            process.send_signal(signal.SIGINT)


def _answers(client: LeanClient, name: str, repeats: int) -> dict[str, dict[str, float]]:
    """Of the shortest history and a long one, one step ahead and many."""
    found = {}
    for rows in (_look_back(name), LONG):
        for steps in STEPS:
            body = request(rows, steps)
            runs = [_quantiles(client, body) for _ in range(repeats)]
            label = f"{name}, {rows} row{'s' * (rows > 1)}, {steps} step{'s' * (steps > 1)} ahead"
            found[label] = tables.medians(runs)
    return found


def _look_back(name: str) -> int:
    return int(MODELS[name].get("window.look_back", 1))


def request(rows: int, steps: int) -> bytes:
    """The newest rows of the tutorial's times, with a wave for values."""
    times = np.linspace(2, 60, 5000)[-rows:]
    data = np.stack([times, np.sin(times) + times / 100], axis=1).tolist()
    table = {"columns": ["time", "value"], "data": data}
    return json.dumps({"dataframe_split": table, "params": {"horizon": steps}}).encode()


def _quantiles(client: LeanClient, body: bytes) -> dict[str, float]:
    """Milliseconds."""
    seconds = [_seconds(client, body) for _ in range(WARM + REQUESTS)][WARM:]
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    return {"p50": float(p50), "p99": float(p99)}


def _seconds(client: LeanClient, body: bytes) -> float:
    began = time.perf_counter()
    client.post(body)
    return time.perf_counter() - began


def _throughput(port: int, rows: int, repeats: int) -> dict[str, float]:
    """Requests a second, one step ahead of the shortest history, by number of clients."""
    body = request(rows, 1)
    return {
        f"clients_{n}": float(np.median([_rate(port, body, n) for _ in range(repeats)]))
        for n in CLIENTS
    }


def _rate(port: int, body: bytes, clients: int) -> float:
    def ask(count: int) -> None:
        with LeanClient(port, PATH) as client:
            for _ in range(count):
                _seconds(client, body)

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(ask, [REQUESTS // clients] * clients))
    return REQUESTS // clients * clients / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
