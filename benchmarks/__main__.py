"""Every benchmark, each in a process of its own, one after another.

python -m benchmarks [NAME …] [--repeats 3] [--write]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.document import replaced
from benchmarks.places import PROJECT

NAMES = (
    "training",
    "pipeline",
    "imports",
    "memory",
    "deployment",
    "serving",
    "backtests",
    "evidence",
    "gate",
    "monitoring",
)
DOCS = PROJECT / "docs"
ELSEWHERE = {"evidence": "evaluation.md", "gate": "champion.md", "monitoring": "monitoring.md"}


def main() -> None:
    """Print the tables, and put them into the document if asked to."""
    options = _parser().parse_args()
    names = options.names or NAMES
    if options.write:  # a missing marker is told now, not in half an hour
        for name in names:
            replaced(document(name).read_text(encoding="utf-8"), name, "")
    for name in names:
        text = _output(name, options.repeats)
        print(f"{name}\n\n{text}", flush=True)
        if options.write:
            _write(name, text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure it all.")
    parser.add_argument("names", nargs="*", choices=NAMES, help="all, if none is named")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="into the documents")
    return parser


def _output(name: str, repeats: int) -> str:
    command = [sys.executable, "-m", f"benchmarks.{name}", "--repeats", str(repeats)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def _write(name: str, text: str) -> None:
    """Read anew each time: somebody may be writing in it meanwhile."""
    path = document(name)
    path.write_text(replaced(path.read_text(encoding="utf-8"), name, text), encoding="utf-8")


def document(name: str) -> Path:
    """Where a benchmark's tables stand."""
    return DOCS / ELSEWHERE.get(name, "performance.md")


if __name__ == "__main__":
    main()
