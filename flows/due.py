"""Whether a training that nobody asked for by hand is due, and how it ends where it is not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.logging import get_run_logger
from prefect.states import Completed

from flows.beginning import Opened
from flows.store import now, tracking_store
from lstm_ops.data import series as series_files
from lstm_ops.tracking import champions, links, names, runs

SKIPPED = "Skipped"


@contextmanager
def slot_of(series: str) -> Iterator[bool]:
    """The one place for trainings of a series on this Prefect server: whether it was free.

    It is held meanwhile. One whose process was killed frees it after five minutes.
    """
    limit = f"lstm-ops-train-{series}"
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(limit, 1)
    place = concurrency(limit, max_retries=0, strict=True, raise_on_lease_renewal_failure=False)
    with ExitStack() as held:
        try:
            held.enter_context(place)
            free = True
        except ConcurrencySlotAcquisitionError as refusal:
            if not _is_taken(refusal):
                raise
            free = False
        yield free


def reason_to_wait(
    opened: Opened, series: Path, free: bool, event: dict[str, Any] | None
) -> str | None:
    """Why the training is not due; None where it is.

    `free`: whether nobody else trains the series. `event`: what asked for it, if anything did.
    """
    name = opened.recipe.series
    if not free:
        return f"another training of {name} is under way"
    return _nothing_new(opened, series) or (_too_soon(opened) if event else None)


def skip(opened: Opened, reason: str) -> State[Any]:
    """The state of a flow run that had nothing to do: a success that says why."""
    store, said = tracking_store(), f"Skipped: {reason}."
    runs.log(store, opened.run_id, tags={names.SKIPPED: reason, names.DESCRIPTION: said})
    runs.finish(store, opened.run_id)
    shutil.rmtree(opened.folder, ignore_errors=True)
    get_run_logger().info(said)
    result = {
        "series": opened.recipe.series,
        "experiment": opened.name,
        "skipped": reason,
        "verdict": said,
        "mlflow": {"run_id": opened.run_id, "run_url": links.run_url(store, opened.run_id)},
    }
    return Completed(name=SKIPPED, message=said, data=result)


def note_cause(opened: Opened, event: dict[str, Any] | None) -> None:
    """On the run: what asked for the training, in words."""
    if event:
        said = str(event.get("sentence") or event.get("kind") or event)
        runs.log(tracking_store(), opened.run_id, tags={names.CAUSE: said})


def _is_taken(refusal: ConcurrencySlotAcquisitionError) -> bool:
    """Whether the server answered that nothing is free; else it is the trouble."""
    answer = getattr(refusal.__cause__, "response", None)
    return answer is not None and answer.status_code == HTTPStatus.LOCKED


def _nothing_new(opened: Opened, series: Path) -> str | None:
    recipe, store = opened.recipe, tracking_store()
    champion = champions.look(store, recipe.series, names.CHAMPION)
    if champion is None or not champion.cutoff:
        return None
    observed = series_files.read(series)
    new = len(observed) - observed.points_until(champion.cutoff)
    if new >= recipe.retraining.new_points:
        return None
    arrived = "nothing new has" if new == 0 else f"only {new} new point{'s'[: new != 1]} have"
    return (
        f"{arrived} arrived since the champion's cutoff, {champion.cutoff}; "
        f"retraining.new_points is {recipe.retraining.new_points}"
    )


def _too_soon(opened: Opened) -> str | None:
    hours = opened.recipe.retraining.cooldown_hours
    ended = runs.last_end(tracking_store(), opened.recipe.series, "train")
    if ended is None or now() - ended >= timedelta(hours=hours):
        return None
    return (
        f"the last training ended at {ended:%Y-%m-%d %H:%M} UTC, and "
        f"retraining.cooldown_hours is {hours:g}"
    )
