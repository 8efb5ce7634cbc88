"""Carrying a claimed decision out: aliases, tags, descriptions. Every step may be done twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mlflow.exceptions import MlflowException

from lstm_ops.tracking import names
from lstm_ops.tracking.ledger import claims, decision_runs
from lstm_ops.tracking.ledger.claims import Claim
from lstm_ops.tracking.ledger.decisions import Clock, Entry, stack
from lstm_ops.tracking.store import Store

HEADING = "### Decisions about the champion"
SHOWN = 20
DESCRIPTION = 5000  # characters that MLflow's databases keep


class Lapsed(Exception):
    """The claim got old before its alias was set: somebody else may be at it."""


def carry_out(
    store: Store, series: str, ledger: str, claim: Claim, known: Sequence[Entry], clock: Clock
) -> None:
    """Do what a claim says, and tag it done; void where its version is gone.

    `known`: the ledger before it. Raises `Lapsed` where the claim is too old to act upon.
    """
    entry = replace(claim.entry, state="done")
    if entry.to_version is not None and not exists(store, series, entry.to_version):
        reason = f"version {entry.to_version} does not exist any more"
        decision_runs.close(store, entry, void=reason)
        claims.end(store, ledger, entry.number, void=reason)
        return
    history = [*known, entry]
    if entry.kind != "kept":
        _check(claim, clock)
        _set_aliases(store, series, history)
        _tell_version(store, series, entry)
    _tell_model(store, series, history)
    decision_runs.close(store, entry)
    claims.end(store, ledger, entry.number)


def aliases(store: Store, series: str) -> dict[str, str]:
    """Version by alias; empty where the series is not registered."""
    try:
        found = store.client.get_registered_model(series).aliases
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return {}
    return {alias: str(version) for alias, version in found.items()}


def is_registered(store: Store, series: str) -> bool:
    """Whether the series has a registered model at all."""
    return bool(store.client.search_registered_models(f"name = '{series}'", max_results=1))


def exists(store: Store, series: str, version: str) -> bool:
    """Whether the registry still has a version."""
    try:
        store.client.get_model_version(series, version)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        return False
    return True


def previous(store: Store, series: str, entries: Sequence[Entry]) -> str | None:
    """What a rollback goes back to: the one under the champion that still exists."""
    standing = stack(entries)
    under = (version for version in reversed(standing[:-1]) if version != standing[-1])
    return next((version for version in under if exists(store, series, version)), None)


def point_previous(
    store: Store, series: str, entries: Sequence[Entry], found: dict[str, str]
) -> None:
    """Let @previous say what a rollback goes back to. `found`: the aliases as they are."""
    if found.get(names.PREVIOUS) in stack(entries)[-2:-1]:
        return  # a version that an alias names exists
    wanted = previous(store, series, entries)
    if wanted is None and names.PREVIOUS in found:
        store.client.delete_registered_model_alias(series, names.PREVIOUS)
    elif wanted is not None and found.get(names.PREVIOUS) != wanted:
        store.client.set_registered_model_alias(series, names.PREVIOUS, wanted)


def _check(claim: Claim, clock: Clock) -> None:
    if not claim.holder.may_write(clock()):
        raise Lapsed


def _set_aliases(store: Store, series: str, history: Sequence[Entry]) -> None:
    to = history[-1].to_version
    found = aliases(store, series)
    if to is not None and found.get(names.CHAMPION) != to:
        store.client.set_registered_model_alias(series, names.CHAMPION, to)
    point_previous(store, series, history, found)
    if to is not None and found.get(names.CHALLENGER) == to:
        store.client.delete_registered_model_alias(series, names.CHALLENGER)


def _tell_version(store: Store, series: str, entry: Entry) -> None:
    if entry.to_version is None:
        return
    told = f"{entry.number}: {entry.move}"
    store.client.set_model_version_tag(series, entry.to_version, names.VERSION_DECISION, told)
    before = store.client.get_model_version(series, entry.to_version).description or ""
    if not before or before.startswith("Decision "):  # never over somebody's own words
        sentence = f"D{str(entry)[1:]}, by {entry.by}, because {entry.because}"
        store.client.update_model_version(series, entry.to_version, sentence[:DESCRIPTION])


def _tell_model(store: Store, series: str, history: Sequence[Entry]) -> None:
    before = store.client.get_registered_model(series).description or ""
    own_words = before.partition(HEADING)[0].rstrip()
    told = "\n\n".join(filter(None, [own_words, f"{HEADING}\n\n{_table(history)}"]))
    store.client.update_registered_model(series, told[:DESCRIPTION])


def _table(history: Sequence[Entry]) -> str:
    rows = [
        f"| {e.number} | {e.at:%Y-%m-%d %H:%M} | {e.move} | {_cell(e.by, 20)} | "
        f"{_cell(e.because, 80)} |"
        for e in history[-SHOWN:]
        if e.state == "done"
    ]
    head = "| decision | when (UTC) | what | by | because |\n|---|---|---|---|---|"
    return "\n".join([head, *rows])


def _cell(text: str, width: int) -> str:
    flat = " ".join(text.replace("|", "/").split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
