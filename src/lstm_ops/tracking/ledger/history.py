"""Decisions with what people need to look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lstm_ops.tracking import links
from lstm_ops.tracking.ledger.decisions import Entry
from lstm_ops.tracking.store import Store, reports_trouble


@dataclass(frozen=True)
class Line:
    """An entry, and where its run can be looked at; None where the store has no UI."""

    entry: Entry
    url: str | None


@reports_trouble
def lines(store: Store, series: str, entries: Sequence[Entry]) -> list[Line]:
    """Every entry, in the order given."""
    experiment = links.experiment_of(store, series) if store.address else None
    return [
        Line(entry, links.run_url_in(store, experiment, entry.run_id) if experiment else None)
        for entry in entries
    ]
