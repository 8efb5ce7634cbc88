"""The ledger of a series: every decision about `@champion`, in order, made one at a time."""

from lstm_ops.tracking.ledger.book import decide, entries, propose, settle
from lstm_ops.tracking.ledger.decisions import (
    Clock,
    Entry,
    Proposal,
    champion,
    champion_at,
    in_force,
    stack,
    under_way,
)

__all__ = [
    "Clock",
    "Entry",
    "Proposal",
    "champion",
    "champion_at",
    "decide",
    "entries",
    "in_force",
    "propose",
    "settle",
    "stack",
    "under_way",
]
