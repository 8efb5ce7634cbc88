"""Data: the series store, and how old the newest observation is of each series that is watched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from lstm_ops import experiment as experiments
from lstm_ops.cli.doctor.finding import Finding, fault, ok, warning
from lstm_ops.cli.doctor.situation import Situation
from lstm_ops.experiment import Experiment, SqlSource
from lstm_ops.stack import deployments

MONITOR = "monitor/"


def freshness(situation: Situation) -> Iterator[Finding]:
    """In steps of the series, against monitor.stale_steps."""
    watched = [d for d in deployments.declared() if d.name.startswith(MONITOR)]
    for deployment in watched:
        name = str(deployment.parameters.get("experiment", "tutorial"))
        yield _freshness(name, deployment.parameters.get("overrides") or {}, situation.now)
    if not watched:
        yield ok("prefect.yaml has no deployment of monitor: nothing is watched")


def series_store(situation: Situation) -> Iterator[Finding]:
    """Whether it answers, whether its tables are those that this code knows, and can be written."""
    del situation
    from lstm_ops.data import store

    versions = store.schema_version()
    if versions.database is None:
        yield ok(f"{store.shown()}: no tables yet; the first ingest makes them")
        return
    if versions.database > versions.code:
        yield fault(
            f"{store.shown()} has tables of revision {versions.database}; this code knows "
            f"{versions.code}",
            f"update this checkout, or name another store in {store.VARIABLE}",
        )
        return
    store.check_writable()
    yield ok(f"{store.shown()} can be written, revision {versions.code}")


def _waits_for_its_first(recipe: Experiment) -> bool:
    from lstm_ops.data import store

    own = isinstance(recipe.source, SqlSource) and recipe.source.is_own_store
    return own and store.count(recipe.series) == 0


def _freshness(name: str, overrides: dict[str, object], now: datetime) -> Finding:
    from lstm_ops.data.contract import check_series
    from lstm_ops.data.sources import load_raw
    from lstm_ops.evaluation.monitoring.freshness import age_in_steps

    recipe = experiments.load(name, overrides)
    if _waits_for_its_first(recipe):
        return warning(
            f"{name}: the series store has no observation of {recipe.series!r} yet",
            f"python -m flows.ingest {name}, or wait for the schedule of ingest",
        )
    series = check_series(load_raw(recipe))
    age = age_in_steps(series, now)
    if age is None:
        return ok(f"{name}: its times are numbers, which have no age")
    newest = series.frame["t"].iloc[-1]
    found = f"{name}: the newest observation is of {newest}, {age:.1f} steps ago"
    if age > recipe.monitor.stale_steps:
        return warning(
            f"{found}; {recipe.monitor.stale_steps:g} are allowed: stale",
            f"see why nothing came in: the last runs of ingest, or python -m flows.ingest {name}",
        )
    return ok(found)
