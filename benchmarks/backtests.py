"""How long a whole backtest takes where nothing has been made yet, programs included.

    python -m benchmarks.backtests [--json] [--repeats 3]

Ten seeds, eight cutoffs, four forecasters: with the settings of experiments/tutorial.yaml, and
with those of experiments/best.yaml (its GRU left out, so that there are four). Then the same
command once more, which finds everything done.
"""

from __future__ import annotations

import json

from benchmarks import tables
from benchmarks.measured import Measured
from benchmarks.places import backtest, project_root
from lstm_ops import experiment as experiments

SEEDS = list(range(10))
CUTOFFS = 8
LEFT_OUT = "gru"


def main() -> None:
    """Print the table, or its figures as JSON."""
    options = tables.arguments(__doc__)
    rows: dict[str, dict[str, float]] = {}
    for name in ("tutorial", "best"):
        first, again = [], []
        for _ in range(options.repeats):
            with project_root() as root:
                first.append(_figures(backtest(root, name, *settings(name))))
                again.append(_figures(backtest(root, name, *settings(name))))
        rows[f"{name}, first"] = tables.medians(first)
        rows[f"{name}, everything done already"] = tables.medians(again)
    columns = {"wall, s": "{wall:.0f}", "CPU, s": "{cpu:.0f}", "pieces": "{pieces:.0f}"}
    tables.tell(options, {"backtests": rows}, tables.table("backtest", columns, rows))


def settings(name: str) -> list[str]:
    """Ten seeds, eight cutoffs and four forecasters, as arguments."""
    specs = [
        spec.model_dump(mode="json", exclude_defaults=True) | {"kind": spec.kind}
        for spec in experiments.load(name).forecasters
        if spec.kind != LEFT_OUT
    ]
    values = {
        "forecasters": specs,
        "evaluation.seeds": SEEDS,
        "evaluation.cutoffs.number": CUTOFFS,
    }
    return [f"--set={path}={json.dumps(value)}" for path, value in values.items()]


def _figures(done: Measured) -> dict[str, float]:
    result = json.loads(done.output)
    pieces = {(row["forecaster"], row["seed"], row["points"]) for row in result["scores"]}
    return {"wall": done.wall, "cpu": done.cpu, "pieces": float(len(pieces))}


if __name__ == "__main__":
    main()
