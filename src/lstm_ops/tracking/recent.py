"""The last runs of a series, flow by flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mlflow.entities import Run

from lstm_ops.tracking import links, names
from lstm_ops.tracking.store import Store, reports_trouble


@dataclass(frozen=True)
class Past:
    """A parent run. `said`: its sentence, or why it failed; `url` is None without a UI."""

    run_id: str
    flow: str
    name: str
    status: str
    began: datetime
    said: str
    url: str | None


@reports_trouble
def last_runs(store: Store, series: str, flows: Sequence[str], each: int) -> list[Past]:
    """The newest `each` of every flow, the newest of all first."""
    where = links.experiment_of(store, series)
    if where is None:
        return []
    found = [run for flow in flows for run in _of(store, where, flow, each)]
    found.sort(key=lambda run: run.info.start_time, reverse=True)
    return [_past(store, where, run) for run in found]


def _of(store: Store, experiment: str, flow: str, each: int) -> list[Run]:
    """Parents bear the flow's name; their children have names of their own."""
    condition = f"tags.`{names.FLOW}` = '{flow}' and attributes.run_name LIKE '{flow} %'"
    order = ["attributes.start_time DESC"]
    return list(store.client.search_runs([experiment], condition, max_results=each, order_by=order))


def _past(store: Store, experiment: str, run: Run) -> Past:
    tags = run.data.tags
    said = tags.get(names.ERROR) or tags.get(names.DESCRIPTION, "")
    return Past(
        run_id=run.info.run_id,
        flow=tags[names.FLOW],
        name=run.info.run_name,
        status=run.info.status,
        began=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
        said=said.partition("\n")[0].strip("*"),
        url=links.run_url_in(store, experiment, run.info.run_id),
    )
