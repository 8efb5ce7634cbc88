"""`lstm-ops champion`: what production reads, why, since when, and how to change it by hand."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lstm_ops.cli.store import existing_store
from lstm_ops.collector import uncollected
from lstm_ops.errors import InvalidInput

if TYPE_CHECKING:
    from lstm_ops.tracking.ledger.decisions import Entry
    from lstm_ops.tracking.store import Store

SERIES = "name of a registered series"


def add(commands: Any) -> None:
    """The commands and their arguments."""
    parser = commands.add_parser("champion", help="look at @champion, promote and roll back")
    inner = parser.add_subparsers(required=True, metavar="COMMAND")
    _reading(inner, "show", "champion, previous, challenger, and why", _show)
    _reading(inner, "history", "every decision about the champion, the newest last", _history)
    at = _reading(inner, "at", "the champion in force at a moment", _at)
    at.add_argument(
        "moment",
        metavar="DATE",
        help="ISO date (its midnight) or date and time; in UTC unless it names a zone",
    )
    promote = _moving(inner, "promote", "make a version champion by hand", _promote)
    promote.add_argument("version", metavar="VERSION", help="its number in the registry")
    back = _moving(inner, "rollback", "undo the last move; twice goes back twice", _rollback)
    back.add_argument("--to", metavar="VERSION", help="an earlier champion, by its number")


def _reading(commands: Any, name: str, text: str, command: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text)
    parser.add_argument("series", metavar="SERIES", help=SERIES)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.set_defaults(command=command)
    return parser


def _moving(commands: Any, name: str, text: str, command: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text)
    parser.add_argument("series", metavar="SERIES", help=SERIES)
    parser.add_argument("--because", required=True, metavar="TEXT", help="why; kept for good")
    parser.set_defaults(command=command)
    return parser


def _show(options: argparse.Namespace) -> int:
    with uncollected():
        from lstm_ops.cli import standing_text
        from lstm_ops.tracking.ledger.standing import standing

        store = _store(options)
    found = standing(store, options.series, _now)
    if options.json:
        _print_json(standing_text.as_dict(found))
    else:
        print(standing_text.shown(found))
    return 0


def _history(options: argparse.Namespace) -> int:
    with uncollected():
        from lstm_ops.cli import history_text
        from lstm_ops.tracking import ledger
        from lstm_ops.tracking.ledger import history, standing

        store = _store(options)
    standing.require(store, options.series)
    entries = ledger.settle(store, options.series, _now)
    told = history.lines(store, options.series, entries)
    if options.json:
        _print_json(history_text.as_list(told))
    else:
        print(history_text.shown(options.series, told))
    return 0


def _at(options: argparse.Namespace) -> int:
    moment = _moment(options.moment)
    with uncollected():
        from lstm_ops.cli import history_text
        from lstm_ops.tracking import ledger
        from lstm_ops.tracking.ledger import history, standing

        store = _store(options)
    standing.require(store, options.series)
    entries = ledger.settle(store, options.series, _now)
    entry = ledger.in_force(entries, moment)
    told = history.lines(store, options.series, [entry] if entry else [])
    line = told[0] if told else None
    if options.json:
        _print_json(history_text.at_as_dict(options.series, moment, line))
    else:
        print(history_text.at_shown(options.series, moment, line))
    return 0


def _promote(options: argparse.Namespace) -> int:
    with uncollected():
        from lstm_ops.tracking.ledger import by_hand
        from lstm_ops.tracking.runs import user

        store = _store(options)
    entry = by_hand.promote(store, options.series, options.version, options.because, user(), _now)
    return _done(options.series, entry)


def _rollback(options: argparse.Namespace) -> int:
    with uncollected():
        from lstm_ops.tracking.ledger import by_hand
        from lstm_ops.tracking.runs import user

        store = _store(options)
    entry = by_hand.roll_back(store, options.series, options.to, options.because, user(), _now)
    return _done(options.series, entry)


def _done(series: str, entry: Entry) -> int:
    print(
        f"{series}@champion is version {entry.to_version}, was {entry.from_version or 'none'} "
        f"(decision {entry.number}, run {entry.run_id})"
    )
    if entry.from_version:
        back = f"promote {series} {entry.from_version}"
        undo = back if entry.kind == "rollback" else f"rollback {series}"
        print(f'undo: lstm-ops champion {undo} --because "…"')
    return 0


def _store(options: argparse.Namespace) -> Store:
    return existing_store(f"champion of {options.series!r}")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        aware = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"{text!r} is no date that can be read; needed is one such as 2026-11-23 or "
            "2026-11-23T06:30 (UTC)"
        ) from None
    if aware > _now():
        raise InvalidInput(
            f"{text} has not come yet; `lstm-ops champion show` says who is champion now"
        )
    return aware


def _now() -> datetime:
    return datetime.now(UTC)


def _print_json(content: object) -> None:
    print(json.dumps(content, indent=1))
