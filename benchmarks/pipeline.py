"""What a whole run costs: `python -m flows.train tutorial` beside the obvious pipeline.

    python -m benchmarks.pipeline [--json] [--repeats 3]

Each is run once where nothing has been made yet (first): no databases, nothing compiled. Then both
are run in turn, each where it ran before (warm). CPU seconds are of all processes. Training is the
fits on all of train, which both pipelines make; ours fits on four fifths of it before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import tables
from benchmarks.measured import Measured
from benchmarks.places import empty_folder, obvious, project_root, train
from benchmarks.stages import stages

OURS, OBVIOUS = "`flows.train tutorial`", "obvious pipeline"
FIRST, WARM = "first", "warm"


@dataclass(frozen=True)
class Run:
    """Seconds of one run. The `stages` add up to `wall`."""

    wall: float
    cpu: float
    training: float
    stages: dict[str, float]

    def figures(self) -> dict[str, float]:
        untrained = 1 - self.training / self.wall
        return {
            "wall": self.wall,
            "cpu": self.cpu,
            "training": self.training,
            "not_training": untrained,
        }


def main() -> None:
    """Print the tables, or their figures as JSON."""
    options = tables.arguments(__doc__)
    runs = collect(options.repeats)
    figures = {
        "runs": {name: tables.medians([run.figures() for run in runs[name]]) for name in runs},
        "stages": _stages(runs[f"{OURS}, {WARM}"]),
        "obvious_stages": _stages(runs[f"{OBVIOUS}, {WARM}"]),
    }
    figures["ratios"] = _ratios(figures["runs"])
    tables.tell(options, figures, *_tables(figures))


def collect(repeats: int) -> dict[str, list[Run]]:
    """By pipeline and whether it was the first run there."""
    runs: dict[str, list[Run]] = {}
    with project_root() as root, empty_folder() as folder:
        for repeat in range(repeats + 1):
            when = WARM if repeat else FIRST
            runs.setdefault(f"{OURS}, {when}", []).append(_ours(root))
            runs.setdefault(f"{OBVIOUS}, {when}", []).append(_obvious(folder))
    return runs


def _ours(root: Path) -> Run:
    done = train(root, "tutorial", "--json")
    training = sum(row["fit s"] for row in json.loads(done.output)["scores"])
    return Run(done.wall, done.cpu, training, stages(done.errors, done.began, done.wall))


def _obvious(folder: Path) -> Run:
    done = obvious(folder)
    seconds = _last_line(done)
    seconds["end"] = done.wall - seconds.pop("total")
    return Run(done.wall, done.cpu, seconds["training"], seconds)


def _last_line(done: Measured) -> dict[str, float]:
    told: dict[str, float] = json.loads(done.output.splitlines()[-1])
    return told


def _stages(runs: list[Run]) -> dict[str, dict[str, float]]:
    """Medians, each also as a share of the run."""
    seconds = tables.medians([run.stages for run in runs])
    shares = tables.medians([{n: s / run.wall for n, s in run.stages.items()} for run in runs])
    return {name: {"seconds": seconds[name], "share": shares[name]} for name in seconds}


def _ratios(runs: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    pairs = ((WARM, WARM), (WARM, FIRST), (FIRST, FIRST))
    return {
        f"{OBVIOUS}, {theirs} / ours, {ours}": {
            figure: runs[f"{OBVIOUS}, {theirs}"][figure] / runs[f"{OURS}, {ours}"][figure]
            for figure in ("wall", "cpu")
        }
        for theirs, ours in pairs
    }


def _tables(figures: dict[str, Any]) -> list[str]:
    runs = {
        "wall, s": "{wall:.1f}",
        "CPU, s": "{cpu:.1f}",
        "training, s": "{training:.2f}",
        "not training": "{not_training:.0%}",
    }
    stage = {"seconds": "{seconds:.2f}", "share": "{share:.0%}"}
    return [
        tables.table("run", runs, figures["runs"]),
        tables.table("ratio", {"wall": "{wall:.1f}", "CPU": "{cpu:.1f}"}, figures["ratios"]),
        tables.table("stage of ours, warm", stage, figures["stages"]),
        tables.table("stage of the obvious pipeline, warm", stage, figures["obvious_stages"]),
    ]


if __name__ == "__main__":
    main()
