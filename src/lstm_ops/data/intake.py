"""One delivery taken into the store, refused, or left for later; and what to say about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from lstm_ops.data import batches, drop_folder, store
from lstm_ops.data.arrivals import Delivery
from lstm_ops.data.drop_folder import Dropped
from lstm_ops.data.raw import RawSeries
from lstm_ops.data.store import Appended, Rejected
from lstm_ops.errors import LstmOpsError, UnreadableSeries
from lstm_ops.experiment import FolderArrivals, Ingest
from lstm_ops.redaction import redacted


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery.

    `state`: taken; refused, for what it holds; waiting, since it is not finished; not taken, since
    the store did not answer. `read` counts rows, `noticed` those of the rejected ones that had not
    been noticed before.
    """

    origin: str
    state: Literal["taken", "refused", "waiting", "not taken"]
    why: str = ""
    read: int = 0
    new: int = 0
    there_already: int = 0
    noticed: int = 0
    rejected: tuple[Rejected, ...] = field(default=(), repr=False)

    def row(self) -> dict[str, Any]:
        """For tables."""
        return {
            "batch": self.origin,
            "state": self.state,
            "read": self.read,
            "new": self.new,
            "there already": self.there_already,
            "rejected": len(self.rejected),
            "why": self.why,
        }


def take(delivery: Delivery, settings: Ingest, series: str, now: datetime) -> Outcome:
    """now: in UTC. Raises `SourceUnavailable` where the store does not answer; nothing moved."""
    if delivery.raw is not None:
        return _append(delivery.raw, delivery.origin, settings, now)
    if delivery.file is None or delivery.file.waits:
        waits = delivery.file.waits if delivery.file else "there is nothing in it"
        return Outcome(delivery.origin, "waiting", waits)
    return _take_file(delivery.file, settings, series, now)


def _take_file(file: Dropped, settings: Ingest, series: str, now: datetime) -> Outcome:
    """The file moves when what became of it is in the store; a run that dies before does no harm:
    the next one finds every row there already."""
    assert isinstance(settings.arrivals, FolderArrivals)
    try:
        content = drop_folder.read(file, settings.arrivals, series)
        if content.raw is None:
            return Outcome(file.name, "waiting", content.waits)
        outcome = _append(content.raw, file.name, settings, now)
    except UnreadableSeries as error:
        outcome = _refuse(series, file.name, str(error))
    except LstmOpsError:
        raise  # the store's trouble, which every file would have
    except Exception as error:  # what no check foresaw shall keep no other file out
        outcome = _refuse(series, file.name, _unforeseen(error))
    stays = drop_folder.move(file, "refused" if outcome.state == "refused" else "taken")
    return replace(outcome, why="; ".join(filter(None, [outcome.why, stays])))


def _refuse(series: str, name: str, reason: str) -> Outcome:
    fault = Rejected(None, "", "", reason)
    noticed = store.reject(series, name, [fault])
    return Outcome(name, "refused", reason, noticed=noticed, rejected=(fault,))


def _unforeseen(error: Exception) -> str:
    reason = redacted(" ".join(f"{type(error).__name__}: {error}".split()))[:400]
    return f"it led to an error that nobody foresaw ({reason}); mend the file, or report the error"


def _append(raw: RawSeries, origin: str, settings: Ingest, now: datetime) -> Outcome:
    done = batches.take(raw, origin, now, settings.most_rejected)
    return Outcome(
        origin=origin,
        state="refused" if done.refused else "taken",
        why=_too_many(done, len(raw.values), settings.most_rejected) if done.refused else "",
        read=len(raw.values),
        new=done.new,
        there_already=done.there_already,
        noticed=done.newly_rejected,
        rejected=done.rejected,
    )


def _too_many(done: Appended, read: int, most: float) -> str:
    first = done.rejected[0]
    return (
        f"{len(done.rejected)} of {read} rows are bad, more than {most:.0%}; nothing of it was "
        f"taken. The first is row {first.row} ({first.time or 'no time'}, "
        f"{first.value or 'no value'}): {first.reason}"
    )
