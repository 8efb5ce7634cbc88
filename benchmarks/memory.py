"""The most memory that a whole run holds: ours and the obvious pipeline's.

    python -m benchmarks.memory [--json] [--repeats 3]

Looked at every 50 ms. The main process's is its resident memory. The tree's is the sum over it and
all its descendants, Prefect's server among them, with shared pages counted once (on Linux).
"""

from __future__ import annotations

from benchmarks import tables
from benchmarks.measured import Measured
from benchmarks.places import empty_folder, obvious, project_root, train


def main() -> None:
    """Print the table, or its figures as JSON."""
    options = tables.arguments(__doc__)
    with project_root() as root, empty_folder() as folder:
        ours = [_peaks(train(root, "tutorial", memory=True)) for _ in range(options.repeats + 1)]
        rows = {
            "`flows.train tutorial`, first": ours[0],
            "`flows.train tutorial`, warm": tables.medians(ours[1:]),
            "obvious pipeline, first": _peaks(obvious(folder, memory=True)),
        }
    columns = {"main process, MB": "{main:.0f}", "all processes, MB": "{tree:.0f}"}
    tables.tell(options, {"peaks": rows}, tables.table("run", columns, rows))


def _peaks(done: Measured) -> dict[str, float]:
    return {"main": done.main_peak, "tree": done.tree_peak}


if __name__ == "__main__":
    main()
