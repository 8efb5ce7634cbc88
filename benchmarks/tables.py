"""What every benchmark's command has in common: its arguments, and how figures are shown."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

Rows = Mapping[str, Mapping[str, Any]]


def arguments(description: str | None) -> argparse.Namespace:
    """`--json` and `--repeats`, which every benchmark takes."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="the figures, with all their digits")
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def tell(options: argparse.Namespace, figures: Mapping[str, Any], *tables: str) -> None:
    """The tables as Markdown and what they were measured on, or the figures as JSON."""
    if options.json:
        print(json.dumps({"machine": machine(), **figures}, indent=1))
    else:
        print(*tables, f"On {machine()}, with `--repeats {options.repeats}`.", sep="\n\n")


def table(what: str, columns: Mapping[str, str], rows: Rows) -> str:
    """Markdown. `columns`: a format string for each heading, over the figures of a row."""
    lines = [f"| {what} | {' | '.join(columns)} |", "|---" + "|---:" * len(columns) + "|"]
    for name, figures in rows.items():
        cells = [form.format(**figures) for form in columns.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def medians(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each figure by itself, over runs that have the same figures."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def machine() -> str:
    """As much of it as a figure means little without."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
