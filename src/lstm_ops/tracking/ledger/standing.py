"""How a series stands: the versions behind its aliases, and the decisions that say why."""

from __future__ import annotations

from dataclasses import dataclass

from mlflow.exceptions import MlflowException

from lstm_ops.errors import InvalidInput
from lstm_ops.tracking import champions, ledger, links, names
from lstm_ops.tracking.champions import Version
from lstm_ops.tracking.ledger.decisions import Clock, Entry, done, under_way
from lstm_ops.tracking.ledger.history import Line, lines
from lstm_ops.tracking.store import Store, reports_trouble


@dataclass(frozen=True)
class Seat:
    """An alias: the version behind it, and its page where the store has a UI."""

    version: Version
    url: str | None


@dataclass(frozen=True)
class Standing:
    """`since`: the move that made the champion what it is; `newest`: the last decision of all.

    A seat is None where no such alias is set.
    """

    series: str
    champion: Seat | None
    previous: Seat | None
    challenger: Seat | None
    since: Line | None
    newest: Line | None
    under_way: Line | None


@reports_trouble
def standing(store: Store, series: str, clock: Clock) -> Standing:
    """After the ledger is settled. Raises `InvalidInput` where the series is not registered."""
    require(store, series)
    entries = ledger.settle(store, series, clock)
    moves = [entry for entry in done(entries) if entry.from_version != entry.to_version]
    return Standing(
        series=series,
        champion=_seat(store, series, names.CHAMPION),
        previous=_seat(store, series, names.PREVIOUS),
        challenger=_seat(store, series, names.CHALLENGER),
        since=_line(store, series, moves[-1] if moves else None),
        newest=_line(store, series, next(iter(done(entries)[::-1]), None)),
        under_way=_line(store, series, under_way(entries)),
    )


@reports_trouble
def require(store: Store, series: str) -> None:
    """Raises `InvalidInput`, with the names that there are, for a series not registered."""
    try:
        store.client.get_registered_model(series)
    except MlflowException as error:
        if error.error_code not in champions.UNKNOWN:
            raise
        raise InvalidInput(
            f"no series {series!r} is registered; {champions.those_registered(store)}"
        ) from None


def _seat(store: Store, series: str, alias: str) -> Seat | None:
    version = champions.look(store, series, alias)
    if version is None:
        return None
    return Seat(version, links.model_version_url(store, series, version.number))


def _line(store: Store, series: str, entry: Entry | None) -> Line | None:
    return lines(store, series, [entry])[0] if entry else None
