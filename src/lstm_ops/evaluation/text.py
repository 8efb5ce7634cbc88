"""Rows as text for a terminal, and as Markdown for pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Cell = str | float | int | None
Rows = Sequence[Mapping[str, Cell]]
READABLE = 1e9


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


def number(value: float, digits: int = 4, *, padded: bool = False) -> str:
    """So many digits, and no power of ten for what people still read; – for what is no number.

    `padded`: trailing zeros are kept, for columns.
    """
    if not math.isfinite(value):
        return "–"
    if 10**digits <= abs(value) < READABLE:
        return f"{value:.0f}"
    return f"{value:#.{digits}g}".removesuffix(".") if padded else f"{value:.{digits}g}"


def percent(share: float) -> str:
    """Of percents: whole from 10 on, one decimal below, no minus before a zero."""
    value = 100 * share
    text = f"{value:.0f}" if abs(value) >= 9.95 else f"{value:.1f}"
    return text.removeprefix("-") if float(text) == 0 else text


def p_value(p: float) -> str:
    """`p < 0.001`, `p = 0.05`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _cells(rows: Rows) -> list[list[str]]:
    return [list(rows[0]), *([_format(cell) for cell in row.values()] for row in rows)]


def _format(cell: Cell) -> str:
    if cell is None:
        return "–"
    return number(cell) if isinstance(cell, float) else str(cell)
