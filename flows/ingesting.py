"""The steps of the ingest flow: from what has arrived to rows of the series store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from logging import INFO, WARNING
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import FlowRun, State
from prefect.logging import get_run_logger

from flows import artifacts
from flows.beginning import open_parent
from flows.endings import this_flow_run
from flows.parameters import moment
from flows.policy import patiently
from flows.store import tracking_store
from lstm_ops import experiment as experiments
from lstm_ops.data import arrivals, intake
from lstm_ops.data import store as series_store
from lstm_ops.data.arrivals import Delivery
from lstm_ops.data.gaps import Gaps, stored_gaps
from lstm_ops.data.intake import Outcome
from lstm_ops.errors import InvalidExperiment, InvalidInput, SourceUnavailable
from lstm_ops.experiment import Experiment, Ingest
from lstm_ops.tracking import links, names, runs
from lstm_ops.tracking.runs import FlowRunLink

BAD = ("refused", "not taken")
SHOWN = 5  # refused batches that a message names
MOST_ROWS = 1000  # rejected rows that a run in MLflow shows


@dataclass(frozen=True)
class Ingestion:
    """What is under way: the recipe, how new observations come, and the time to go by, in UTC."""

    recipe: Experiment
    name: str
    settings: Ingest
    now: datetime


def open_ingestion(experiment: str, overrides: dict[str, Any], now: datetime | None) -> Ingestion:
    """Raises `InvalidExperiment` where the experiment says nothing about arrivals."""
    recipe = experiments.load(experiment, overrides)
    if recipe.ingest is None:
        raise InvalidExperiment(
            f"experiment {experiment!r} has no section `ingest`, which says where observations "
            "come from; add one, or name another experiment, such as live"
        )
    return Ingestion(recipe, Path(experiment).stem, recipe.ingest, moment(now))


def find_deliveries(run: Ingestion) -> list[Delivery]:
    """Everything that is there to be taken."""
    return arrivals.look(run.settings.arrivals, run.recipe.series, run.now)


def take_deliveries(run: Ingestion, deliveries: list[Delivery]) -> list[Outcome]:
    """One after another; a bad one keeps no other out, a store that does not answer the rest."""
    outcomes: list[Outcome] = []
    take, series = patiently(intake.take), run.recipe.series
    for delivery in deliveries:
        try:
            outcomes.append(take(delivery, run.settings, series, run.now))
        except SourceUnavailable as trouble:
            return [*outcomes, Outcome(delivery.origin, "not taken", str(trouble))]
    return outcomes


def report_ingestion(run: Ingestion, outcomes: list[Outcome]) -> dict[str, Any]:
    """On MLflow where something has happened, as a Prefect artifact, and as the flow's result.

    The run in MLflow stays open where something was bad: the flow's end closes it.
    """
    gaps = _gaps(run, outcomes)
    rows = [outcome.row() for outcome in outcomes] + ([_gap_row(gaps)] if gaps else [])
    said = f"{_sentence(run, outcomes)}{f' {gaps}.' if gaps else ''}"
    artifacts.table(f"{run.recipe.series}-ingest", rows, said)
    get_run_logger().log(WARNING if gaps else INFO, said)
    run_id = _log(run, outcomes, rows, said) if _is_news(outcomes) else None
    if run_id and not any(outcome.state in BAD for outcome in outcomes):
        runs.finish(tracking_store(), run_id)
    return {
        "series": run.recipe.series,
        "experiment": run.name,
        "now": _clock(run.now),
        "target": series_store.shown(),
        "new": sum(outcome.new for outcome in outcomes),
        "there_already": sum(outcome.there_already for outcome in outcomes),
        "rejected": sum(len(outcome.rejected) for outcome in outcomes),
        "waiting": sum(outcome.state == "waiting" for outcome in outcomes),
        "table": rows,
        "verdict": said,
        "mlflow": {
            "run_id": run_id,
            "run_url": links.run_url(tracking_store(), run_id) if run_id else None,
        },
    }


def require_none_bad(outcomes: Sequence[Outcome]) -> None:
    """Raises `InvalidInput` where a batch was refused, `SourceUnavailable` where the store was
    away."""
    for outcome in outcomes:
        if outcome.state == "not taken":
            raise SourceUnavailable(f"{outcome.origin}: {outcome.why}")
    refused = [outcome for outcome in outcomes if outcome.state == "refused"]
    if refused:
        more = f"\n  and {len(refused) - SHOWN} more" if len(refused) > SHOWN else ""
        lines = "".join(f"\n  {o.origin}: {o.why}" for o in refused[:SHOWN])
        raise InvalidInput(
            f"{len(refused)} of {len(outcomes)} batches refused; the others were taken:"
            f"{lines}{more}"
        )


def open_failed_run(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:
    """A hook: an ingestion that failed before it had anything to report has a run, too."""
    del flow, state
    given = flow_run.parameters
    with suppress(InvalidInput):  # no experiment, no place to log to
        name = str(given["experiment"])
        recipe = experiments.load(name, given.get("overrides") or {})
        if recipe.ingest:
            open_parent("ingest", recipe, Path(name).stem, FlowRunLink(str(flow_run.id)))


def _is_news(outcomes: Sequence[Outcome]) -> bool:
    """A run every few minutes that finds nothing new shall not fill MLflow."""
    return any(outcome.new or outcome.noticed or outcome.state in BAD for outcome in outcomes)


def _gaps(run: Ingestion, outcomes: Sequence[Outcome]) -> Gaps | None:
    """None as well where the store did not answer just now."""
    away = any(outcome.state == "not taken" for outcome in outcomes)
    return None if away else stored_gaps(run.recipe)


def _gap_row(gaps: Gaps) -> dict[str, Any]:
    """A row of the table that is about no batch."""
    nothing = dict.fromkeys(Outcome("", "taken").row())
    return {**nothing, "batch": "the stored series", "state": "has gaps", "why": str(gaps)}


def _sentence(run: Ingestion, outcomes: Sequence[Outcome]) -> str:
    new = sum(outcome.new for outcome in outcomes)
    rejected = sum(len(outcome.rejected) for outcome in outcomes)
    there = sum(outcome.there_already for outcome in outcomes)
    counts = f"{new} new observations of {run.recipe.series}, {there} there already"
    states = Counter(outcome.state for outcome in outcomes if outcome.state != "taken")
    parts = [
        counts if new else f"Nothing new: {counts}",
        f"{rejected} rejected" if rejected else "",
        *(f"{count} batch{'es' if count > 1 else ''} {state}" for state, count in states.items()),
    ]
    return f"{', '.join(filter(None, parts))}. It is {_clock(run.now)} UTC."


def _clock(now: datetime) -> str:
    return now.isoformat(sep=" ", timespec="minutes")


def _log(run: Ingestion, outcomes: Sequence[Outcome], rows: list[dict[str, Any]], said: str) -> str:
    """The run that shows it, still open."""
    place = tracking_store()
    run_id = open_parent("ingest", run.recipe, run.name, this_flow_run())
    metrics = {
        "ingest/new": sum(outcome.new for outcome in outcomes),
        "ingest/there_already": sum(outcome.there_already for outcome in outcomes),
        "ingest/rejected": sum(len(outcome.rejected) for outcome in outcomes),
    }
    runs.log(place, run_id, metrics=metrics, tags={names.DESCRIPTION: said})
    runs.log_table(place, run_id, "ingest", rows)
    if rejected := _rejected_rows(outcomes):
        runs.log_table(place, run_id, "rejected_rows", rejected[:MOST_ROWS])
    return run_id


def _rejected_rows(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    return [
        {"batch": outcome.origin, **asdict(row)} for outcome in outcomes for row in outcome.rejected
    ]
