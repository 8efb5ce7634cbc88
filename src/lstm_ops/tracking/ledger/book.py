"""The ledger of a series: every decision about `@champion`, in order, made one at a time.

The history is rebuilt from MLflow alone. A number is claimed first, then aliases are moved, then
the claim is tagged done; whoever comes next finishes what a process that died left undone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from lstm_ops.errors import InvalidInput, MovedMeanwhile
from lstm_ops.tracking import champions, names
from lstm_ops.tracking.ledger import claims, decision_runs, moves
from lstm_ops.tracking.ledger import run as ledger_run
from lstm_ops.tracking.ledger.claims import Claim
from lstm_ops.tracking.ledger.decisions import (
    Clock,
    Entry,
    Proposal,
    champion,
    under_way,
)
from lstm_ops.tracking.process import this_process
from lstm_ops.tracking.store import Store, reports_trouble

PATIENCE = 5.0  # seconds that a decision under way is waited for
PAUSE = 0.1
MOVED = "the alias was moved without the ledger"
DELETED = "the alias was deleted without the ledger, and put back"
LOST = "version {} was deleted without the ledger; this one stood before it"
EMPTIED = "version {} was deleted without the ledger, and no earlier champion is left"


@reports_trouble
def entries(store: Store, series: str) -> list[Entry]:
    """Every decision in order, void and open ones too. Writes nothing."""
    return [claim.entry for claim in _read(store, series)]


@reports_trouble
def settle(store: Store, series: str, clock: Clock) -> list[Entry]:
    """The ledger, after what was left undone is done, and what went past it is written down.

    One that is open afterwards is under way in another process.
    """
    return _settle(store, series, clock, time.monotonic() + PATIENCE)


@reports_trouble
def decide(store: Store, series: str, proposal: Proposal, clock: Clock) -> Entry:
    """Make a decision. Raises `MovedMeanwhile` where another one came first.

    Raises `InvalidInput` where its version does not exist or is champion already. One whose run
    has made a decision before, in a try that the server broke off, is given that one, finished.
    """
    until = time.monotonic() + PATIENCE
    known = _settle(store, series, clock, until, _broken_off(store, series, proposal))
    if (made := _made_before(known, proposal)) is not None:
        return made
    if (other := under_way(known)) is not None:
        raise MovedMeanwhile(f"{_of(series, other)} is under way; look again when it is done")
    _check(store, series, proposal, champion(known))
    ledger = ledger_run.ensure(store, series)
    claim = _claim(store, series, ledger, proposal, known, clock)
    given_up = _try(store, series, ledger, claim, known, clock)
    if given_up is not None:
        _settle(store, series, clock, time.monotonic() + PATIENCE, given_up)
    return _ended(store, series, claim.entry.number)


@reports_trouble
def propose(store: Store, series: str, version: str) -> None:
    """Let `@challenger` mean this version: one that is to be compared with the champion."""
    store.client.set_registered_model_alias(series, names.CHALLENGER, version)


def _broken_off(store: Store, series: str, proposal: Proposal) -> str | None:
    """The token of an open claim that this process made for the same run, and left."""
    return next(
        (
            claim.holder.token
            for claim in _read(store, series)
            if claim.entry.state == "open"
            and claim.entry.run_id == proposal.run_id
            and claim.holder.process == this_process()
        ),
        None,
    )


def _made_before(known: Sequence[Entry], proposal: Proposal) -> Entry | None:
    return next(
        (e for e in known if proposal.run_id and e.run_id == proposal.run_id and e.state == "done"),
        None,
    )


def _read(store: Store, series: str) -> list[Claim]:
    run = ledger_run.find(store, series)
    return claims.read(run) if run else []


def _settle(
    store: Store, series: str, clock: Clock, until: float, given_up: str | None = None
) -> list[Entry]:
    """`given_up`: token of a holder in this process that will write no more."""
    while True:
        read = _read(store, series)
        known = [claim.entry for claim in read]
        claim = next((claim for claim in read if claim.entry.state == "open"), None)
        if claim is None:
            stray = _stray(store, series, known)
            if stray is None:
                return known
            given_up = _note(store, series, stray, known, clock)
        elif claim.holder.token == given_up or claim.holder.is_gone(clock()):
            given_up = _finish(store, series, claim, known, clock)
        elif time.monotonic() > until:
            return known
        else:
            time.sleep(PAUSE)


def _finish(
    store: Store, series: str, claim: Claim, known: Sequence[Entry], clock: Clock
) -> str | None:
    """Carry out what another left undone; see `_try` for what it gives."""
    ledger = ledger_run.ensure(store, series)
    ours = claims.take_over(store, ledger, claim, clock())
    before = [entry for entry in known if entry.number < claim.entry.number]
    return _try(store, series, ledger, ours, before, clock)


def _stray(store: Store, series: str, known: Sequence[Entry]) -> Proposal | None:
    """What the registry's champion has become past the ledger; None where both agree."""
    found = moves.aliases(store, series)
    points_at, standing = found.get(names.CHAMPION), champion(known)
    if points_at == standing:
        moves.point_previous(store, series, known, found)
        return None
    if points_at is not None:
        return _outside(points_at, standing, MOVED)
    if standing is not None and moves.exists(store, series, standing):
        return _outside(standing, standing, DELETED)
    below = moves.previous(store, series, known)
    if below is None and not moves.is_registered(store, series):
        return None  # deleted as a whole; there is nothing that could be told about it
    return _outside(below, standing, (LOST if below else EMPTIED).format(standing))


def _outside(to: str | None, standing: str | None, because: str) -> Proposal:
    return Proposal("outside", to, standing, because, by="unknown")


def _note(
    store: Store, series: str, stray: Proposal, known: Sequence[Entry], clock: Clock
) -> str | None:
    """Write down what went past the ledger; see `_try` for what it gives."""
    ledger = ledger_run.ensure(store, series)
    forecaster = _forecaster(store, series, stray)
    claim = claims.make(store, ledger, stray, _next(known), clock(), ledger, forecaster)
    return _try(store, series, ledger, claim, known, clock)


def _try(
    store: Store,
    series: str,
    ledger: str,
    claim: Claim | None,
    before: Sequence[Entry],
    clock: Clock,
) -> str | None:
    """Carry out a claim, unless somebody else has it. Gives its token where it got too old."""
    if claim is None:
        return None
    try:
        moves.carry_out(store, series, ledger, claim, before, clock)
    except moves.Lapsed:
        return claim.holder.token
    return None


def _claim(
    store: Store, series: str, ledger: str, proposal: Proposal, known: Sequence[Entry], clock: Clock
) -> Claim:
    number = _next(known)
    run_id = proposal.run_id or decision_runs.create(store, series, number, proposal)
    forecaster = _forecaster(store, series, proposal)
    claim = claims.make(store, ledger, proposal, number, clock(), run_id, forecaster)
    if claim is None:
        other = next(entry for entry in entries(store, series) if entry.number == number)
        reason = f"{_of(series, other)} by {other.by} came first"
        if proposal.run_id is None:
            decision_runs.give_up(store, run_id, reason)
        raise MovedMeanwhile(f"{reason}; nothing was changed. Look again, then decide again")
    return claim


def _check(store: Store, series: str, proposal: Proposal, standing: str | None) -> None:
    if standing != proposal.expected:
        raise MovedMeanwhile(
            f"the champion of {series!r} is {_named(standing)}, and this was decided when it was "
            f"{_named(proposal.expected)}. Nothing was changed; look again, then decide again"
        )
    to = proposal.champion
    if to is None:
        raise InvalidInput(f"{series!r} has no champion that could be kept; register one first")
    if not moves.exists(store, series, to):
        raise InvalidInput(f"there is no version {to} of {series!r} in the registry")
    if proposal.kind != "kept" and to == standing:
        raise InvalidInput(f"version {to} of {series!r} is champion already; nothing was changed")


def _ended(store: Store, series: str, number: int) -> Entry:
    entry = next(entry for entry in entries(store, series) if entry.number == number)
    if entry.state != "done":
        raise MovedMeanwhile(
            f"{_of(series, entry)} is {entry.state}{entry.note and f' ({entry.note})'}; look "
            "again, then decide again"
        )
    return entry


def _forecaster(store: Store, series: str, proposal: Proposal) -> str:
    version = champions.look(store, series, proposal.champion) if proposal.champion else None
    return version.forecaster if version else ""


def _next(known: Sequence[Entry]) -> int:
    return known[-1].number + 1 if known else 1


def _of(series: str, entry: Entry) -> str:
    return f"{entry} of {series!r}"


def _named(version: str | None) -> str:
    return f"version {version}" if version else "none"
