"""The champion moved by a person: a version promoted, a move undone. Nothing is loaded."""

from __future__ import annotations

import json
import posixpath
import re

from mlflow.exceptions import MlflowException

from lstm_ops.errors import InvalidInput
from lstm_ops.tracking import artifacts, champions, ledger, names
from lstm_ops.tracking.champions import Version
from lstm_ops.tracking.ledger import moves
from lstm_ops.tracking.ledger.decisions import Clock, Entry, Proposal, champion, done
from lstm_ops.tracking.ledger.standing import require
from lstm_ops.tracking.store import Store, reports_trouble

NUMBER = re.compile(r"0*([1-9][0-9]{0,8})")
NEEDED = "MLmodel"
MANIFEST = "manifest.json"


@reports_trouble
def promote(store: Store, series: str, version: str, because: str, by: str, clock: Clock) -> Entry:
    """Make a version champion, whatever the evidence. Raises `InvalidInput` where it cannot be."""
    _check_reason(because)
    number = _number(version)
    require(store, series)
    known = ledger.settle(store, series, clock)
    standing = champion(known)
    if number == standing:
        raise _is_champion(series, number)
    check(store, champions.find(store, series, number))
    proposal = Proposal("forced", number, standing, because.strip(), by)
    return ledger.decide(store, series, proposal, clock)


@reports_trouble
def roll_back(
    store: Store, series: str, to: str | None, because: str, by: str, clock: Clock
) -> Entry:
    """Undo the last move, or go back to an earlier champion. Twice goes back twice."""
    _check_reason(because)
    number = None if to is None else _number(to)
    require(store, series)
    known = ledger.settle(store, series, clock)
    standing = champion(known)
    number = number or moves.previous(store, series, known)
    if number is None:
        raise InvalidInput(
            f"{series!r} has no earlier champion to go back to; nothing was changed. "
            f"`lstm-ops champion history {series}` shows what there was"
        )
    version = champions.find(store, series, number)
    _check_was_champion(series, number, known)
    check(store, version)
    proposal = Proposal("rollback", number, standing, because.strip(), by)
    return ledger.decide(store, series, proposal, clock)


@reports_trouble
def check(store: Store, version: Version) -> None:
    """That a version is of its series and has its files. Raises `InvalidInput` where not."""
    made_for = _made_for(store, version)
    if made_for not in (None, version.series):
        raise InvalidInput(
            f"{version} was made for the series {made_for!r}, not {version.series!r}; nothing was "
            "changed"
        )
    if missing := _missing(store, version):
        raise InvalidInput(
            f"{version} of {version.series!r} cannot serve: {missing} is gone from its artifacts. "
            "Nothing was changed; choose another version, or restore its files"
        )


def _check_reason(because: str) -> None:
    if not because.strip():
        raise InvalidInput("--because is blank; say why, for those who read the history later")


def _number(version: str) -> str:
    found = NUMBER.fullmatch(version)
    if found is None:
        raise InvalidInput(f"{version!r} is no version number; needed is one such as 7")
    return found[1]


def _check_was_champion(series: str, number: str, known: list[Entry]) -> None:
    standing = champion(known)
    if number == standing:
        raise _is_champion(series, number)
    earlier = {entry.to_version for entry in done(known) if entry.to_version} - {standing}
    if number not in earlier:
        shown = ", ".join(sorted(filter(None, earlier), key=int)) or "none"
        raise InvalidInput(
            f"version {number} of {series!r} never was champion (earlier ones: {shown}); "
            f"`lstm-ops champion promote {series} {number} --because …` makes it one"
        )


def _is_champion(series: str, number: str) -> InvalidInput:
    return InvalidInput(f"version {number} of {series!r} is champion already; nothing was changed")


def _made_for(store: Store, version: Version) -> str | None:
    if not version.run_id:
        return None
    try:
        run = store.client.get_run(version.run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None  # purged; what it made may still be sound
    return run.data.tags.get(names.SERIES)


def _missing(store: Store, version: Version) -> str | None:
    """The first file that is not there, by listing only; of what its manifest names too."""
    address = store.client.get_model_version_download_uri(version.series, version.number)
    there = {str(file.path) for file in artifacts.files(store, address)}
    needed = [NEEDED]
    for path in sorted(there):
        folder, name = posixpath.split(path)
        if name == MANIFEST:
            needed += [posixpath.join(folder, n) for n in json.loads(artifacts.text(address, path))]
    return next((path for path in needed if path not in there), None)
