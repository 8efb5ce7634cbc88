"""Removal from MLflow of what is no longer needed.

Versions go first, then models, then runs, each with its files before its record, so that a prune
that was killed half-way leaves nothing that the next one cannot find.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mlflow.exceptions import MlflowException

from lstm_ops.errors import MovedMeanwhile
from lstm_ops.tracking import artifacts
from lstm_ops.tracking.ledger import moves
from lstm_ops.tracking.store import Store, reports_trouble

GONE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
Advance = Callable[[int, int], None]  # how many of how many


@dataclass(frozen=True)
class Item:
    """Something that goes. `key`: number or id; `address`: of its files, `size`: their bytes.

    `group`: what people know it by.
    """

    kind: Literal["version", "model", "run"]
    key: str
    group: str
    address: str | None = None
    size: int = 0


@dataclass(frozen=True)
class Plan:
    """What would go, in the order of its going, and how many versions stay."""

    series: str
    items: tuple[Item, ...]
    kept: int


@reports_trouble
def remove(store: Store, plan: Plan, advance: Advance) -> None:
    """Raises `MovedMeanwhile` before a version goes that an alias has come to name."""
    for done, item in enumerate(plan.items, 1):
        if item.kind == "version":
            _check_unnamed(store, plan.series, item.key)
        _remove(store, plan.series, item)
        advance(done, len(plan.items))


def _check_unnamed(store: Store, series: str, version: str) -> None:
    for alias, named in moves.aliases(store, series).items():
        if named == version:
            raise MovedMeanwhile(
                f"@{alias} of {series!r} has come to name version {version}, which was to go; it "
                "stays. Prune again"
            )


def _remove(store: Store, series: str, item: Item) -> None:
    if item.address is not None:
        artifacts.delete(store, item.address)
    try:
        if item.kind == "version":
            store.client.delete_model_version(series, item.key)
        elif item.kind == "model":
            store.client.delete_logged_model(item.key)
        else:
            store.client.delete_run(item.key)
    except MlflowException as error:
        if error.error_code not in GONE:  # another prune was quicker
            raise
