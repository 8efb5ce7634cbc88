"""`lstm-ops prune`: old versions, models and runs of a series removed from MLflow."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lstm_ops.cli.columns import aligned
from lstm_ops.cli.store import existing_store
from lstm_ops.collector import uncollected

if TYPE_CHECKING:
    from lstm_ops.tracking.removal import Plan

MEGABYTE = 1e6
TOLD_EVERY = 20  # items


def add(commands: Any) -> None:
    """The command and its arguments."""
    parser = commands.add_parser("prune", help="remove old versions and runs of a series")
    parser.add_argument("series", metavar="SERIES", help="name of a registered series")
    parser.add_argument(
        "--keep", type=int, required=True, metavar="N", help="newest versions that stay, 1 or more"
    )
    parser.add_argument("--yes", action="store_true", help="do it; else it is only shown")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Show what would go; with --yes, remove it."""
    with uncollected():
        from lstm_ops.tracking import removal, retention

        store = existing_store(f"series {options.series!r}")
    plan = retention.plan(store, options.series, options.keep, lambda: datetime.now(UTC))
    print(_shown(plan))
    if not plan.items:
        return 0
    if not options.yes:
        print(
            f"nothing was removed. To do it: lstm-ops prune {plan.series} --keep "
            f"{options.keep} --yes"
        )
        return 0
    removal.remove(store, plan, _advance)
    print("removed; `mlflow gc` purges the records from the database")
    return 0


def _shown(plan: Plan) -> str:
    if not plan.items:
        return f"nothing to remove: {plan.kept} versions of {plan.series} stay"
    sizes: dict[str, int] = {}
    for item in plan.items:
        sizes[item.group] = sizes.get(item.group, 0) + item.size
    rows = [(group, _megabytes(size)) for group, size in sizes.items()]
    count = {kind: sum(i.kind == kind for i in plan.items) for kind in ("version", "model", "run")}
    total = _megabytes(sum(sizes.values()))
    return (
        f"{aligned([('what goes', 'MB'), *rows])}\n"
        f"{count['version']} versions, {count['model']} models, {count['run']} runs, {total} MB; "
        f"{plan.kept} versions stay"
    )


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:.2f}"


def _advance(done: int, total: int) -> None:
    if done % TOLD_EVERY == 0 or done == total:
        print(f"removed {done} of {total}", file=sys.stderr, flush=True)
