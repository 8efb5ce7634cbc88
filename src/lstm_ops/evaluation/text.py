"""Rows as text for a terminal, and as Markdown for pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Cell = str | float | int
Rows = Sequence[Mapping[str, Cell]]


def plain(rows: Rows) -> str:
    """Aligned columns; numbers to the right."""
    cells = _cells(rows)
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def markdown(rows: Rows) -> str:
    """A table that any Markdown reader shows."""
    header, *body = _cells(rows)
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, rule, *body])


def _cells(rows: Rows) -> list[list[str]]:
    return [list(rows[0]), *([_format(cell) for cell in row.values()] for row in rows)]


def _format(cell: Cell) -> str:
    if isinstance(cell, float):
        if math.isnan(cell):
            return "–"
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) >= 1 else f"{cell:.4g}"
    return str(cell)
