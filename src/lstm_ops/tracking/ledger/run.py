"""The one MLflow run of a series that its ledger is kept in, made by whoever needs it first.

Two processes may make one at once. What decides is a parameter on a run that both know, that of
the lowest version: MLflow writes a parameter once only, so it names one ledger for good.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from lstm_ops.errors import InvalidInput
from lstm_ops.tracking import names, runs
from lstm_ops.tracking.store import Store, experiment_id

FLOW = "ledger"
CONFIRMED = "confirmed"
NOTE = "The decisions about the champion, in order: parameters `decision.…`. Never delete this run."
LOOKED_AT = 200  # versions; the first of them nearly always has a run


def find(store: Store, series: str) -> Run | None:
    """The ledger's run, read only; None where no decision was ever made."""
    experiment = store.client.get_experiment_by_name(series)
    if experiment is None:
        return None
    tags = {names.FLOW: FLOW, names.SERIES: series, names.LEDGER: CONFIRMED}
    confirmed = runs.find(store, experiment.experiment_id, tags)
    if confirmed:
        return confirmed[-1]
    named = (_get(store, run.data.params.get(names.LEDGER)) for run in anchors(store, series))
    return next((run for run in named if run), None)


def ensure(store: Store, series: str) -> str:
    """The ledger's run id. Raises `InvalidInput` where the series has no version with a run."""
    run = find(store, series) or _make(store, series)
    if run.data.tags.get(names.LEDGER) != CONFIRMED or run.info.lifecycle_stage == "deleted":
        _confirm(store, run)
    return str(run.info.run_id)


def anchors(store: Store, series: str) -> Iterator[Run]:
    """The runs of the versions, the lowest first, as far as they still exist."""
    versions = store.client.search_model_versions(
        f"name = '{series}'", max_results=LOOKED_AT, order_by=["version_number ASC"]
    )
    for version in versions:
        run = _get(store, version.run_id)
        if run is not None and run.info.lifecycle_stage == "active":
            yield run


def _make(store: Store, series: str) -> Run:
    # One whose ledger was purged from the database is of no use any more.
    free = (run for run in anchors(store, series) if names.LEDGER not in run.data.params)
    anchor = next(free, None)
    if anchor is None:
        raise InvalidInput(
            f"no version of {series!r} has a run that a ledger can be tied to; register one with "
            f"make run EXPERIMENT={series}"
        )
    tags = {names.FLOW: FLOW, names.SERIES: series, names.DESCRIPTION: NOTE}
    tags |= {names.SOURCE: "lstm_ops.tracking.ledger", names.USER: runs.user()}
    own = store.client.create_run(experiment_id(store, series), run_name=FLOW, tags=tags)
    return _winner(store, anchor.info.run_id, own)


def _winner(store: Store, anchor: str, own: Run) -> Run:
    """The ledger that the anchor names; ours is deleted where another came first."""
    run_id = str(own.info.run_id)
    try:
        store.client.log_param(anchor, names.LEDGER, run_id)
    except MlflowException:
        chosen = store.client.get_run(anchor).data.params.get(names.LEDGER)
        if chosen is None:
            raise
        if chosen != run_id:
            store.client.delete_run(run_id)
            return store.client.get_run(chosen)
    return own


def _confirm(store: Store, run: Run) -> None:
    run_id = run.info.run_id
    if run.info.lifecycle_stage == "deleted":
        store.client.restore_run(run_id)
    store.client.set_terminated(run_id)
    store.client.set_tag(run_id, names.LEDGER, CONFIRMED)


def _get(store: Store, run_id: str | None) -> Run | None:
    if not run_id:
        return None
    try:
        return store.client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
