"""The benchmarks' tables in a document, between markers."""

from __future__ import annotations

OPENING = "<!-- benchmark: {name} -->"
ANY_OPENING = OPENING.partition("{")[0]
CLOSING = "<!-- end -->"


def replaced(text: str, name: str, content: str) -> str:
    """`text` with `content` between the markers of that benchmark, and nothing else changed.

    Raises `ValueError` where a marker is missing.
    """
    opening = OPENING.format(name=name)
    before, found, rest = text.partition(opening)
    if not found:
        raise ValueError(f"there is no {opening}; put one where the table belongs")
    old, found, after = rest.partition(CLOSING)
    if not found or ANY_OPENING in old:
        raise ValueError(f"no {CLOSING} ends {opening}; put one where the table ends")
    return f"{before}{opening}\n{content.strip()}\n{CLOSING}{after}"
